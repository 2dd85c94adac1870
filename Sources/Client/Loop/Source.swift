internal import Toolkit
internal import Wire

#if canImport(Glibc)
private import Glibc
#endif

/// Where the requests come from: the command line, a watch, or standard input.
struct Source: ~Copyable {
  private static let chunkSize = 65_536

  private let reading: Reading
  private var splitter: any Splitter
  /// What was read and not yet split.
  private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: chunkSize, alignment: 1)
  private var filled = 0
  private var position = 0
  private var hasEnded = false
  /// Comes last: the request of the command line, or why the input ended early.
  private var last: Work?
  private var watch: Watch?

  /// What a command line asks for.
  init(_ invocation: Invocation, _ format: Format) {
    if let subject = invocation.show {
      let show = Show(id: nil, subject: subject, format: format)
      self.init(Request(.show(show), sql: [], place: .argument(subject.rawValue)))
      return
    }
    let query = Query(
      id: nil, database: invocation.database ?? "", format: format,
      credit: invocation.watches ? nil : 1,
      extras: QueryExtras(
        databaseColumn: invocation.databaseColumn, skipsFailed: invocation.skipsFailed))
    let place = Place.argument(query.database)
    if let each = invocation.each {
      self.init(.values(Request(.query(query), sql: Array(each.utf8), place: place)))
      return
    }
    guard let sql = invocation.words.first else {
      self.init(.statements(Request(.query(query), sql: [], place: place)))
      return
    }
    let values = invocation.words.dropFirst().map { Value(literal: $0) }
    let request = Request(
      .query(query), sql: Array(sql.utf8),
      parameters: values.isEmpty ? [] : Parameters.positional(values).json(), place: place)
    guard invocation.watches else {
      self.init(request)
      return
    }
    let milliseconds = invocation.settings.timeoutMilliseconds
    self.init(Watch(query, request, timeoutMilliseconds: milliseconds), request)
  }

  /// The input.
  private init(_ reading: Reading) {
    self.reading = reading
    splitter = reading.makeSplitter()
  }

  /// A single request.
  private init(_ request: Request) {
    self.init(.statements(request))
    end(.request(request))
  }

  /// The requests of a watch, as it goes on.
  private init(_ watch: Watch, _ request: Request) {
    self.init(.statements(request))
    end(nil)
    self.watch = watch
  }

  deinit {
    chunk.deallocate()
  }

  /// Whether nothing comes any more.
  var isEmpty: Bool {
    hasEnded && last == nil && position == filled && watch?.hasEnded ?? true
  }

  /// Whether only `read` can bring the next request.
  var wantsToRead: Bool { !hasEnded && position == filled }

  /// The next request of what has been read, nil when more must be read, or answered, first.
  mutating func next() -> Work? {
    if let request = watch?.next() { return .request(request) }
    if let record = splitter.next(in: UnsafeRawBufferPointer(rebasing: chunk[..<filled]), &position)
    {
      return reading.work(record)
    }
    guard hasEnded else { return nil }
    defer { last = nil }
    return last
  }

  /// Where the next record stands; nil when nothing of it has been read. Nothing is to be asked for
  /// afterwards.
  mutating func nextPlace() -> Place? {
    if let record = splitter.next(in: UnsafeRawBufferPointer(rebasing: chunk[..<filled]), &position)
    {
      return record.place
    }
    if case .request(let request)? = last { return request.place }
    return splitter.begun
  }

  /// What a session's effect comes to, nil for the effect itself.
  mutating func filter(_ effect: Session.Effect) -> [Session.Effect]? {
    watch?.filter(effect)
  }

  /// Reads once from standard input, which must be readable.
  ///
  /// It is shared with others, so it is not made non-blocking.
  mutating func read() {
    position = 0
    filled = 0
    let count = Glibc.read(STDIN_FILENO, chunk.baseAddress, chunk.count)
    if count > 0 {
      filled = count
    } else if count == 0 {
      end(splitter.finish().map { reading.work($0) })
    } else if errno != EINTR && errno != EAGAIN {
      end(.failure(.system("read standard input", .inputOutput)))
    }
  }

  private mutating func end(_ work: Work?) {
    hasEnded = true
    last = work
  }
}
