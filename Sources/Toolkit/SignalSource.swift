internal import CLinux

#if canImport(Glibc)
private import Glibc
#endif

/// A signal that the tools know.
package enum Signal: Sendable, CaseIterable {
  case terminate
  case interrupt
  case hangUp
  case terminalInput
  case terminalOutput
  case childEnded
  case user1
  case kill

  package var number: Int32 {
    switch self {
    case .terminate: SIGTERM
    case .interrupt: SIGINT
    case .hangUp: SIGHUP
    case .terminalInput: SIGTTIN
    case .terminalOutput: SIGTTOU
    case .childEnded: SIGCHLD
    case .user1: SIGUSR1
    case .kill: SIGKILL
    }
  }

  /// The name of a signal number without SIG: `SEGV`.
  package static func name(_ number: Int32) -> String {
    clinux_signal_name(number).map { String(cString: $0) } ?? String(number)
  }
}

/// Signals as a descriptor, to be polled beside the sockets: no code runs in handlers.
package struct SignalSource: ~Copyable {
  package let descriptor: Descriptor

  /// Blocks the signals for this thread and those that it starts later: call it before the first
  /// ZeroMQ context.
  package init(_ signals: [Signal]) throws(ToolError) {
    let numbers = signals.map(\.number)
    descriptor = try Descriptor(clinux_signalfd(numbers, Int32(numbers.count)), "read signals")
  }

  /// The next signal that has arrived, nil when there is none.
  package func next() -> Signal? {
    let number = clinux_next_signal(descriptor.number)
    return Signal.allCases.first { $0.number == number }
  }
}
