/// By what other brokers know one.
package enum BrokerName {
  /// A name that no other broker has, nor will have: twelve digits.
  package static func random() -> String {
    let number = UInt64.random(in: 0..<1 << 48)
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 12 - digits.count) + digits
  }
}
