import Glibc
import Synchronization
import Testing

@testable import SQLEngine

@Suite struct OpenFileTests {
  private final class Flag: Sendable {
    let isSet = Atomic(false)
  }

  /// A number that is free again belongs to another file, which nobody has open.
  @Test func nobodySeesAFileThatIsClosedButCountsAsOpen() async {
    let identity = FileStatus.Identity(device: .max, number: 1)
    let file = OpenFile(identity)
    #expect(OpenFile.ifClosed(identity) {} == nil)
    let (begun, begin) = AsyncStream<Void>.makeStream()
    let isClosed = Flag()
    await withTaskGroup { group in
      group.addTask {
        for await _ in begun {}
        #expect(OpenFile.ifClosed(identity) { isClosed.isSet.load(ordering: .relaxed) } == true)
      }
      file.closing {
        begin.finish()
        usleep(50_000)
        isClosed.isSet.store(true, ordering: .relaxed)
      }
    }
  }

  @Test func whoClosesOneKeepsNobodyFromOthers() {
    let identity = FileStatus.Identity(device: .max, number: 3)
    let other = FileStatus.Identity(device: .max, number: 4)
    let (file, again) = (OpenFile(identity), OpenFile(identity))
    file.closing {
      #expect(OpenFile.ifClosed(other) {} != nil)
      let second = OpenFile(other)
      #expect(OpenFile.ifClosed(other) {} == nil)
      second.closing {}
      // It is open still.
      #expect(OpenFile.ifClosed(identity) {} == nil)
    }
    #expect(OpenFile.ifClosed(identity) {} == nil)
    again.closing {}
    #expect(OpenFile.ifClosed(identity) {} != nil)
  }

  @Test func onesThatCouldNotBeOpenedAreForgotten() {
    let identity = FileStatus.Identity(device: .max, number: 2)
    var file: OpenFile? = OpenFile(identity)
    let other = OpenFile(identity)
    withExtendedLifetime(file) {}
    file = nil
    #expect(OpenFile.ifClosed(identity) {} == nil)
    other.closing {}
    #expect(OpenFile.ifClosed(identity) {} != nil)
  }
}
