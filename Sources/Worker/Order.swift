internal import Wire

/// What is to be run. The bytes are valid while the message is in which they came.
struct Order {
  let job: Job
  let sql: UnsafeRawBufferPointer
  let parameters: UnsafeRawBufferPointer
}
