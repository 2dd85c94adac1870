internal import CLinux
internal import Toolkit

/// A pipe in which nothing is ever written: its read end, which every child gets, hangs up when this
/// process is gone, however that ended.
struct Lifeline: ~Copyable {
  let readEnd: Descriptor
  private let writeEnd: Descriptor

  init() throws(ToolError) {
    var ends: [Int32] = [-1, -1]
    guard clinux_pipe(&ends) == 0 else { throw .system("open a pipe") }
    let readEnd = try Descriptor(ends[0], "open a pipe")
    writeEnd = try Descriptor(ends[1], "open a pipe")
    self.readEnd = readEnd
  }
}
