import Glibc

/// Thirty-two bytes that are nowhere in memory as such: each is worked out when it is needed.
struct Marker {
  private static let count = 32

  private func byte(_ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: (index &+ 77) &* 2_654_435_761 >> 7) }

  func write(into bytes: inout [UInt8], at offset: Int) {
    for index in 0..<Self.count { bytes[offset + index] = byte(index) }
  }

  /// How often it stands in the writable memory of this process.
  func occurrencesInMemory() -> Int {
    let size = 1 << 20
    let window = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!
    defer { unsafe _ = munmap(window, size) }
    let ownAddress = Int(bitPattern: window)
    let memory = unsafe open("/proc/self/mem", O_RDONLY)
    defer { close(memory) }
    var found = 0
    for (start, end) in Self.writableRegions() {
      var address = start
      while address < end {
        // Not what this search itself has read.
        if address < ownAddress + size && ownAddress < min(address + size, end) { address += 4096; continue }
        let got = unsafe pread(memory, window, min(size, end - address), off_t(address))
        guard got > 0 else { break }
        let bytes = unsafe UnsafeRawBufferPointer(start: window, count: got)
        for offset in 0..<max(0, got - Self.count) where unsafe bytes[offset] == byte(0) {
          if (1..<Self.count).allSatisfy({ unsafe bytes[offset + $0] == byte($0) }) { found += 1 }
        }
        if got < size { break }
        address += got - Self.count
      }
    }
    return found
  }

  private static func writableRegions() -> [(start: Int, end: Int)] {
    let maps = unsafe open("/proc/self/maps", O_RDONLY)
    defer { close(maps) }
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let got = unsafe read(maps, &chunk, chunk.count)
      guard got > 0 else { break }
      text += chunk[..<got]
    }
    return String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      let bounds = words[0].split(separator: "-")
      guard words[1].hasPrefix("rw"), let start = Int(bounds[0], radix: 16), let end = Int(bounds[1], radix: 16),
        // A sanitizer's shadow has terabytes.
        end - start < 1 << 32
      else { return nil }
      return (start, end)
    }
  }
}
