import Testing

@testable import SQLEngine

@Suite struct LRUCacheTests {
  @Test func dropsTheOldest() {
    var cache = LRUCache<String, Int>(capacity: 2)
    cache.insert(1, for: "a")
    cache.insert(2, for: "b")
    #expect(cache.use("a") == 1)
    cache.insert(3, for: "c")
    #expect(cache.use("b") == nil && cache.use("a") == 1 && cache.use("c") == 3)
    cache.remove("nope")
    cache.remove("a")
    #expect(cache.count == 1 && cache.valuesByAge == [3])
  }

  /// Against a list, at random.
  @Test func behavesLikeAList() {
    var cache = LRUCache<Int, Int>(capacity: 5)
    var list: [(key: Int, value: Int)] = []
    var state: UInt64 = 1
    for step in 0..<20_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let key = Int(state >> 33) % 9
      let known = list.firstIndex { $0.key == key }
      switch Int(state >> 50) % 5 {
      case 0, 1:
        #expect(cache.use(key) == known.map { list[$0].value })
        if let known { list.append(list.remove(at: known)) }
      case 2:
        cache.insert(step, for: key)
        if let known { list.remove(at: known) }
        list.append((key, step))
        if list.count > 5 { list.removeFirst() }
      case 3:
        cache.removeOldest()
        if !list.isEmpty { list.removeFirst() }
      default:
        cache.remove(key)
        if let known { list.remove(at: known) }
      }
      #expect(cache.count == list.count)
      #expect(cache.valuesByAge == list.map(\.value))
      #expect(cache.newestValue == list.last?.value)
    }
  }
}
