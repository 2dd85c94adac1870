internal import CZeroMQ

#if canImport(Glibc)
private import Glibc
#endif

extension Socket {
  /// An option whose value is an `int`.
  package struct Option: Sendable {
    fileprivate let code: Int32
    fileprivate let name: String

    /// Milliseconds that a closed socket goes on sending.
    package static let linger = Option(code: ZMQ_LINGER, name: "LINGER")
    /// Messages that wait to be sent, for each peer.
    package static let sendHighWaterMark = Option(code: ZMQ_SNDHWM, name: "SNDHWM")
    /// Messages that wait to be received, for each peer.
    package static let receiveHighWaterMark = Option(code: ZMQ_RCVHWM, name: "RCVHWM")
    /// 1: a ROUTER says when a peer is gone or full instead of dropping the message.
    package static let routerMandatory = Option(
      code: ZMQ_ROUTER_MANDATORY, name: "ROUTER_MANDATORY")
    /// 1: a publisher is shown every subscription, also one that it has already.
    package static let xpubVerbose = Option(code: ZMQ_XPUB_VERBOSE, name: "XPUB_VERBOSE")
    /// Milliseconds between attempts to connect.
    package static let reconnectInterval = Option(code: ZMQ_RECONNECT_IVL, name: "RECONNECT_IVL")
    /// Milliseconds to which that interval grows.
    package static let reconnectIntervalMax = Option(
      code: ZMQ_RECONNECT_IVL_MAX, name: "RECONNECT_IVL_MAX")
    /// Milliseconds that a peer has to say that it speaks ZeroMQ.
    package static let handshakeInterval = Option(code: ZMQ_HANDSHAKE_IVL, name: "HANDSHAKE_IVL")
    /// Connections that wait to be accepted.
    package static let backlog = Option(code: ZMQ_BACKLOG, name: "BACKLOG")
    /// Milliseconds after which an attempt to connect is given up, for the next one.
    package static let connectTimeout = Option(code: ZMQ_CONNECT_TIMEOUT, name: "CONNECT_TIMEOUT")
    /// Milliseconds for which what was sent may be without the other kernel's receipt.
    package static let receiptTimeout = Option(code: ZMQ_TCP_MAXRT, name: "TCP_MAXRT")
    /// 1: the kernel asks the other one whether it is there when nothing is sent.
    package static let keepalive = Option(code: ZMQ_TCP_KEEPALIVE, name: "TCP_KEEPALIVE")
    /// After so many seconds without anything from there,
    package static let keepaliveIdle = Option(
      code: ZMQ_TCP_KEEPALIVE_IDLE, name: "TCP_KEEPALIVE_IDLE")
    /// every so many seconds,
    package static let keepaliveInterval = Option(
      code: ZMQ_TCP_KEEPALIVE_INTVL, name: "TCP_KEEPALIVE_INTVL")
    /// so often.
    package static let keepaliveCount = Option(
      code: ZMQ_TCP_KEEPALIVE_CNT, name: "TCP_KEEPALIVE_CNT")
  }

  package func set(_ option: Option, _ value: Int32) throws(ZMQError) {
    var value = value
    let result = zmq_setsockopt(handle, option.code, &value, MemoryLayout<Int32>.size)
    guard result == 0 else { throw .last("set \(option.name)=\(value)") }
  }

  /// Bounds the size of a frame in bytes; a peer that sends a larger one is disconnected.
  package func setMaxFrameSize(_ bytes: Int64) throws(ZMQError) {
    var bytes = bytes
    let result = zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &bytes, MemoryLayout<Int64>.size)
    guard result == 0 else { throw .last("set MAXMSGSIZE=\(bytes)") }
  }

  /// Subscribes to everything that is published, once more if it has been done already: then the
  /// publishers are told so again.
  package func subscribe() throws(ZMQError) {
    guard zmq_setsockopt(handle, ZMQ_SUBSCRIBE, "", 0) == 0 else { throw .last("subscribe") }
  }

  /// Takes one subscription back. The publishers are told when none is left.
  package func unsubscribe() throws(ZMQError) {
    guard zmq_setsockopt(handle, ZMQ_UNSUBSCRIBE, "", 0) == 0 else { throw .last("unsubscribe") }
  }
}

func errnoValue() -> Int32 { errno }

func setErrno(_ code: Int32) { errno = code }
