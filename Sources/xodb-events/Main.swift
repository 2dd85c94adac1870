internal import ArgumentParser
internal import Commands
internal import Toolkit

@main
struct Main {
  static func main() {
    Tool.main(Events.self)
  }
}

struct Events: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "xodb-events",
    abstract: "Print what a cluster's processes publish, an event a line.",
    discussion: """
        xodb-events worker.exited worker.backoff

      Prints the events whose word begins with one of the prefixes; without any, all of them. \
      A line is a word and key=value pairs:

        worker.exited time=2026-11-21T08:00:00.123456Z publisher=workers incarnation=3 seq=41 \
      name=workers-3 generation=7 pid=812 signal=SEGV why="Segmentation fault"

      It listens to every publisher in the run directory, which is XODB_RUN, otherwise xodb in \
      XDG_RUNTIME_DIR, otherwise /tmp/xodb-UID, also to those that come later. Events from before \
      it listened are not printed. Those that are lost on the way, because a reader is slow, are \
      counted on standard error: 'follow workers: 5 events were missed'. When a publisher goes, or comes \
      back, whose end was not heard, as when it was killed, nobody knows how many those are: 'follow \
      workers: its last events may have been missed'.

      Exit status: 0 after TERM or INT or when nobody reads its output any more, 64 wrong usage, \
      71 the system refused something, or the run directory is not there any more, 73 it cannot be \
      made, 74 the output cannot be written, 77 others may enter the run directory.
      """)

  @Argument(help: ArgumentHelp("What an event's word begins with.", valueName: "prefix"))
  var prefixes: [String] = []

  mutating func run() throws {
    Tool.surviveFailedWrites()
    var loop = try EventsLoop(EventFilter(prefixes))
    try loop.run()
  }
}
