/// What the first bytes of a library say of the machine that it is for (System V ABI, chapter 4).
struct ELFHeader: Hashable, Sendable {
  let bits: Int
  let machine: UInt16
  let isSharedObject: Bool

  /// How many bytes of the file are needed.
  static let size = 20

  /// Nil for anything that is no ELF file.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.size, bytes[..<4] == [0x7F, 0x45, 0x4C, 0x46], [1, 2].contains(bytes[4]), [1, 2].contains(bytes[5]) else {
      return nil
    }
    bits = bytes[4] == 1 ? 32 : 64
    let isLittleEndian = bytes[5] == 1
    func half(_ offset: Int) -> UInt16 {
      let (first, second) = (UInt16(bytes[offset]), UInt16(bytes[offset + 1]))
      return isLittleEndian ? second << 8 | first : first << 8 | second
    }
    isSharedObject = half(16) == 3
    machine = half(18)
  }

  /// The machine in words: `x86-64`.
  var machineName: String { Self.machines[machine] ?? "machine number \(machine)" }

  /// The machine that this program is for.
  static var ours: (machine: UInt16, bits: Int) {
    #if arch(x86_64)
      (62, 64)
    #elseif arch(arm64)
      (183, 64)
    #elseif arch(arm)
      (40, 32)
    #elseif arch(i386)
      (3, 32)
    #elseif arch(s390x)
      (22, 64)
    #else
      (21, 64)
    #endif
  }

  static let machines: [UInt16: String] = [
    3: "x86 (i386)", 8: "MIPS", 20: "PowerPC", 21: "PowerPC 64", 22: "s390x", 40: "ARM", 62: "x86-64", 183: "ARM 64 (aarch64)",
    243: "RISC-V",
  ]

  /// What a file that is no ELF file seems to be.
  static func guess(_ bytes: [UInt8]) -> String {
    let start = bytes.prefix(4)
    if start.isEmpty { return "it is empty" }
    if start.starts(with: [0x4D, 0x5A]) { return "it is a library for Windows" }
    if [[0xCF, 0xFA, 0xED, 0xFE], [0xCA, 0xFE, 0xBA, 0xBE]].contains(Array(start)) { return "it is a library for macOS" }
    if bytes.allSatisfy({ (9...126).contains($0) }) { return "it is a text" }
    return "it is no library at all"
  }
}
