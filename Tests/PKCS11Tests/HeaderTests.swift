import Foundation
import TestSupport
import Testing

@Suite("Our Cryptoki header", .enabled(if: ForeignHeader.arePresent, "libp11-kit-dev and libnss3-dev are not installed"))
struct HeaderTests {
  @Test("it has the 68 functions of 2.40 and the 24 of 3.0, each once")
  func functionCounts() throws {
    let names = try HeaderNames()
    #expect(names.functions.count == 68)
    #expect(names.laterFunctions.count == 24)
    #expect(Set(names.functions + names.laterFunctions).count == 92)
    #expect(names.structures.count == 14)
    #expect(Set(names.constants).count == names.constants.count)
  }

  @Test("sizes, offsets, function slots and constants agree with headers that others wrote", arguments: ForeignHeader.all)
  func agrees(_ header: ForeignHeader) async throws {
    let names = try HeaderNames()
    let folder = try TemporaryFolder()
    let include = OfficialMaterial.projectFolder.appending(path: "Sources/CCryptoki/include").path
    let ours = try await values(
      printedBy: names.program(including: "#include \"CCryptoki.h\"", isOurs: true) { _ in true }, ["-I\(include)"], in: folder)

    let inclusion = "#include \"\(header.path)\""
    let preprocessed = try await run(
      "cc", ["-E", "-P", "-x", "c", "-"] + header.options, input: [UInt8]((inclusion + "\n").utf8)
    ).standardOutput
    let words = Set(preprocessed.split { !($0.isLetter || $0.isNumber || $0 == "_") })
    let theirs = try await values(
      printedBy: names.program(including: inclusion, isOurs: false) { words.contains(Substring($0)) }, header.options, in: folder)

    let absent = ours.keys.filter { theirs[$0] == nil }.sorted()
    print("\(header.testDescription): compared \(theirs.count) values; not comparable, because the header lacks them: \(absent.count)")
    print(absent.filter { !$0.hasPrefix("slot ") }.joined(separator: ", "))
    let different = theirs.filter { ours[$0.key] != $0.value }
    #expect(Set(different.keys) == header.differences, "\(different)")
    #expect(absent.count == header.absentCount, "the number of names that the header lacks has changed")
  }
}
