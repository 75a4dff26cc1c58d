import Testing

@testable import Commands

@Suite("Tables for people")
struct TextTableTests {
  @Test("the widest text that may be cut is cut, not what stands first", arguments: [60, 80])
  func widest(width: Int) {
    let name = String(repeating: "long-name-", count: 6)
    var table = TextTable(["label", "serial", "certificate"])
    table.add(["payroll-20261123", "0123456789abcdef", "\(name), in-use"])
    let lines = table.lines(width: width, leavingOut: [], cutting: [0, 2])
    #expect(lines[1].hasPrefix("  payroll-20261123  0123456789abcdef  long-name-"))
    #expect(lines[1].hasSuffix("…"))
    #expect(lines.allSatisfy { $0.count <= width })
  }

  @Test("without a width nothing is cut below what a column may have")
  func noWidth() {
    var table = TextTable(["label", "certificate"])
    table.add(["a", String(repeating: "x", count: 50)])
    #expect(table.lines(width: nil, leavingOut: [])[1] == "  a         \(String(repeating: "x", count: 50))")
  }
}
