import Foundation
import TestSupport
import Testing

/// Our header's names, taken out of its text, so that a new one cannot escape the comparison.
struct HeaderNames {
  /// Structures with their members.
  let structures: [(name: String, members: [String])]
  let types: [String]
  let constants: [String]
  let functions: [String]
  let laterFunctions: [String]

  init() throws {
    let folder = OfficialMaterial.projectFolder.appending(path: "Sources/CCryptoki/include")
    func text(_ name: String) throws -> String { try String(contentsOf: folder.appending(path: name), encoding: .utf8) }
    let types = try text("CryptokiTypes.h")
    structures = types.matches(of: /typedef struct (CK_\w+) \{([^}]*)\}/).map { match in
      (String(match.1), match.2.matches(of: /(\w+)(?:\[\d+\])?;/).map { String($0.1) })
    }
    self.types = types.matches(of: /typedef [\w ]+ (CK_\w+);/).map { String($0.1) }
    let functions = try text("CryptokiFunctions.h")
    let parts = functions.components(separatedBy: "#define CRYPTOKI_FUNCTIONS_3_0")
    self.functions = parts[0].matches(of: /\(\*(C_\w+)\)/).map { String($0.1) }
    laterFunctions = parts[1].matches(of: /\(\*(C_\w+)\)/).map { String($0.1) }
    var constants: [String] = []
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
      let lines = try text(name)
      constants += lines.matches(of: /#define (CK\w+) \S/).map { String($0.1) }
      constants += lines.matches(of: /static const CK_ULONG (\w+)/).map { String($0.1) }
    }
    self.constants = constants
  }

  /// A program that prints what a header makes of our names, one `name value` a line.
  ///
  /// - Parameter isKnown: what the header has; constants are asked about with `#ifdef` as well.
  func program(including lines: String, isOurs: Bool, isKnown: (String) -> Bool) -> String {
    var body: [String] = []
    func print(_ name: String, _ value: String) { body.append("printf(\"\(name) %lu\\n\", (unsigned long)(\(value)));") }
    for type in types where isKnown(type) { print("sizeof \(type)", "sizeof(\(type))") }
    for structure in structures where isKnown(structure.name) {
      print("sizeof \(structure.name)", "sizeof(\(structure.name))")
      for member in structure.members {
        print("offsetof \(structure.name).\(member)", "offsetof(\(structure.name), \(member))")
        print("sizeof \(structure.name).\(member)", "sizeof(((\(structure.name) *)0)->\(member))")
      }
    }
    for (list, functions) in [("CK_FUNCTION_LIST", functions), ("CK_FUNCTION_LIST_3_0", functions + laterFunctions)] where isKnown(list) {
      print("sizeof \(list)", "sizeof(\(list))")
      for function in functions { print("slot \(list).\(function)", "offsetof(\(list), \(function))") }
    }
    for constant in constants {
      if !isOurs { body.append("#ifdef \(constant)") }
      print(constant, constant)
      if !isOurs { body.append("#endif") }
    }
    return "#include <stddef.h>\n#include <stdio.h>\n\(lines)\nint main(void) {\n" + body.joined(separator: "\n") + "\nreturn 0;\n}\n"
  }
}

/// A header that we did not write.
struct ForeignHeader: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let path: String
  let options: [String]
  /// Where it is known to differ from the standard.
  let differences: Set<String>
  /// How many of our names it does not have.
  let absentCount: Int

  static let all = [
    ForeignHeader(
      testDescription: "p11-kit, PKCS #11 2.40", path: "/usr/include/p11-kit-1/p11-kit/pkcs11.h", options: [],
      // Five return values that came with 2.40: this header numbers them from 0x1C0; the standard, and NSS, from 0x1B5.
      differences: [
        "CKR_EXCEEDED_MAX_ITERATIONS", "CKR_FIPS_SELF_TEST_FAILED", "CKR_LIBRARY_LOAD_FAILED", "CKR_PIN_TOO_WEAK",
        "CKR_PUBLIC_KEY_INVALID",
      ], absentCount: 135),
    ForeignHeader(
      testDescription: "NSS, PKCS #11 3.0", path: "/usr/include/nss/pkcs11.h", options: ["-I/usr/include/nspr", "-I/usr/include/nss"],
      // NSS has one pointer more in it, LibraryParameters.
      differences: ["sizeof CK_C_INITIALIZE_ARGS", "offsetof CK_C_INITIALIZE_ARGS.pReserved"], absentCount: 17),
  ]

  static let arePresent = all.allSatisfy { FileManager.default.fileExists(atPath: $0.path) }
}

/// Compiles and runs a C program, and reads its lines.
func values(printedBy program: String, _ options: [String], in folder: TemporaryFolder) async throws -> [String: String] {
  let source = try folder.write(program.utf8, to: "program.c")
  let compiled = try await run("cc", ["-std=c11", "-w", source, "-o", folder.path("program")] + options)
  try #require(compiled.succeeded, "\(compiled.standardError.prefix(2000))")
  let output = try await run(folder.path("program"))
  try #require(output.succeeded)
  let pairs = output.standardOutput.split(separator: "\n").map { (line: Substring) -> (String, String) in
    let space = line.lastIndex(of: " ")!
    return (String(line[..<space]), String(line[line.index(after: space)...]))
  }
  return Dictionary(pairs) { first, second in
    #expect(first == second)
    return first
  }
}
