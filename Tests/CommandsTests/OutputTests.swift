import Foundation
import TestSupport
import Testing

@Suite("stdout is the answer, stderr is for people", .serialized)
struct OutputTests {
  @Test("--version, --help and completions")
  func help() async throws {
    let bench = try Bench()
    #expect(try await bench.succeeds("--version").wholeMatch(of: /hsmkey \d+\.\d+\.\d+\n/) != nil)
    #expect(try await bench.succeeds("--help").contains("USAGE: hsmkey"))
    for group in ["token", "key", "certificate", "service", "xml", "config", "trust", "ceremony"] {
      #expect(try await bench.succeeds(group, "--help").contains("SUBCOMMANDS:"))
    }
    for command in [
      ["csr"], ["doctor"], ["benchmark"], ["token", "show"], ["key", "sign"], ["certificate", "enrol"], ["xml", "verify"],
      ["ceremony", "check"], ["ceremony", "print"], ["ceremony", "rehearse"], ["ceremony", "perform"], ["ceremony", "verify"],
    ] {
      let result = try await bench.hsmkey(command + ["--help"])
      #expect(result.exitCode == 0)
      #expect(result.standardOutput.contains("Example"))
      #expect(result.standardError.isEmpty)
    }
    for shell in ["bash", "zsh", "fish"] { #expect(try await bench.succeeds("completions", shell).contains("hsmkey")) }
    #expect(try await bench.refused(64, "completions", "tcsh").hint.contains("bash"))
    let syntax = try await bench.shell(#""$hsmkey" completions bash > c && bash -n c"#)
    #expect(syntax.exitCode == 0, "\(syntax.standardError)")
  }

  @Test(
    "mistakes on the command line: exit code 64, the usage as a hint",
    arguments: [
      ["--nonsense"], ["nonsense"], ["key", "nonsense"], ["key", "generate"], ["key", "generate", "a", "b"], ["key", "list", "--module"],
      ["csr", "k"], ["key", "list", "--pin", "1234"], ["token", "init"], ["certificate", "enrol"], ["completions"],
      ["ceremony", "check"], ["ceremony", "print", "plan.yaml"], ["ceremony", "rehearse", "plan.yaml"],
      ["ceremony", "perform", "plan.yaml", "--site", "s"], ["ceremony", "verify"],
    ])
  func usage(arguments: [String]) async throws {
    let bench = try Bench()
    let text = try Refusal(text: try await bench.hsmkey(arguments), exitCode: 64, sourceLocation: #_sourceLocation)
    #expect(text.hint.contains("usage: hsmkey"), "\(text.standardError)")
    let json = try await bench.hsmkey(arguments + ["--json"])
    if arguments != ["--nonsense"] && arguments != ["completions"] {
      _ = try Refusal(json: json, exitCode: 64, sourceLocation: #_sourceLocation)
    }
  }

  @Test("every answer is one JSON object with kebab-case keys and UTC times")
  func answers() async throws {
    try await ServiceBench.with { service in
      let bench = service.bench
      try bench.folder.write("<a/>".utf8, to: "a.xml")
      let commands = [
        ["token", "list"], ["token", "show"], ["doctor", "--login"], ["key", "generate", "k"], ["key", "list"], ["key", "show", "k"],
        ["key", "public", "k"],
        ["key", "sign", "k", "--in", "pin", "--out", "s"], ["csr", "k", "--subject", "CN=x", "--out", "k.csr"],
        ["csr", "k", "--subject", "CN=x"],
        ["certificate", "status"], ["certificate", "fetch", "payroll"], ["certificate", "renew", "--due"], ServiceBench.enrolment(),
        ["certificate", "status", "payroll"], ["certificate", "export", "payroll"], ["certificate", "renew", "payroll"],
        ["certificate", "fetch", "payroll"], ["service", "request", "payroll", "--operation", "renew", "--csr", "k.csr"],
        ["xml", "sign", "payroll", "--in", "a.xml", "--out", "b.xml"], ["xml", "verify", "b.xml"], ["config", "show"],
      ]
      try await bench.prepareDestruction()
      for command in commands + Bench.destruction.map({ $0.name.split(separator: " ").map(String.init) + $0.arguments }) {
        let result = try await bench.hsmkey(command + ["--json"])
        #expect(result.exitCode == 0, "\(command): \(result.standardError)")
        let answer = try JSON(parsing: result.standardOutput)
        for key in answer.allKeys { #expect(key.wholeMatch(of: /[a-z][a-z0-9]*(-[a-z0-9]+)*/) != nil, "\(command): \(key)") }
        for text in answer.allTexts where text.wholeMatch(of: /\d{4}-\d\d-\d\d.*/) != nil {
          #expect(text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil, "\(command): \(text)")
        }
        #expect(!result.standardOutput.dropLast().contains("\n"), "one line")
      }
    }
  }

  @Test("a reader that has read enough: as quiet as other programs, and the same exit code as theirs, 141", arguments: ["", "--json"])
  func brokenPipe(option: String) async throws {
    let bench = try await Bench.withToken()
    let gone = try await bench.shell(#"{ sleep 1; "$hsmkey" key list \#(option); echo "$?" >&2; } | true"#)
    #expect(gone.standardError == "141\n")
    let help = try await bench.shell(#"{ sleep 1; "$hsmkey" --help; echo "$?" >&2; } | true"#)
    #expect(help.standardError == "141\n")
  }

  @Test("with --json a warning is an object on stderr, too; without it is a line")
  func warnings() async throws {
    let bench = try await Bench.withToken()
    let arguments = ["key", "list", "--pin-source", "env:MY_PIN"]
    let json = try await bench.hsmkey(arguments + ["--json"], environment: ["MY_PIN": Bench.pin])
    #expect(try JSON(parsing: json.standardError)["warning"].string?.contains("environment variable MY_PIN") == true)
    let wrong = try await bench.hsmkey(arguments + ["--json"], environment: ["MY_PIN": "99999999"])
    let lines = try wrong.standardError.split(separator: "\n").map { try JSON(parsing: "\($0)\n") }
    #expect(lines.map(\.keys) == [["warning"], ["error"]])
    let text = try await bench.hsmkey(arguments, environment: ["MY_PIN": Bench.pin])
    #expect(text.standardError.hasPrefix("hsmkey: warning: the environment variable MY_PIN"))
  }

  @Test("a full disk under stdout is told")
  func fullOutput() async throws {
    let bench = try await Bench.withToken()
    let result = try await bench.shell(#""$hsmkey" key list > /dev/full"#)
    #expect(result.exitCode == 65)
    #expect(result.standardError.contains("No space left on device"))
  }

  @Test("closed standard descriptors: an error for the answer, and no file takes their place")
  func closedDescriptors() async throws {
    let bench = try await Bench.withToken()
    // An empty file is a state without certificates.
    try FileManager.default.createDirectory(atPath: bench.folder.path("state"), withIntermediateDirectories: false)
    try bench.folder.write([], to: "state/s.sqlite")
    try bench.folder.write("state: state/s.sqlite\n".utf8, to: "hsmkey.yaml")
    let output = try await bench.shell(#""$hsmkey" certificate status >&-"#)
    #expect(output.exitCode == 65)
    #expect(output.standardError.contains("standard output cannot be written"))
    #expect(try await bench.shell(#""$hsmkey" certificate status <&- 2>&-"#).exitCode == 0)
    #expect(try await bench.shell(#""$hsmkey" key list 2>&- --pin-source file:nothing"#).exitCode == 78)
    for file in bench.files(under: "state") {
      #expect(!String(decoding: try bench.contents(file), as: UTF8.self).contains("hsmkey:"), "\(file)")
    }
    #expect(try await bench.shell(#""$hsmkey" certificate status"#).exitCode == 0)
  }

  @Test("a narrow terminal changes where help breaks its lines, and nothing else", arguments: ["1", "20", "500", "-3", "x"])
  func narrow(columns: String) async throws {
    let bench = try await Bench.withToken()
    try await bench.succeeds("key", "generate", "k", "--algorithm", "ecdsa-p256")
    let width = ["COLUMNS": columns]
    #expect(try await bench.succeeds("key", "show", "k", environment: width) == bench.succeeds("key", "show", "k"))
    #expect(try await bench.hsmkey(["--help"], environment: width).exitCode == 0)
    #expect(try await bench.hsmkey(["key", "generate", "--help"], environment: width).exitCode == 0)
    #expect(try await bench.hsmkey(["key", "generate"], environment: width).exitCode == 64)
  }

  @Test("help on a terminal of ten columns")
  func narrowTerminal() async throws {
    let bench = try Bench()
    let terminal = try PseudoTerminal()
    let child = try terminal.start(
      "sh", ["-c", #"stty cols 10; "$0" key --help; "$0" key nonsense; echo "ended with $?""#, Bench.program],
      environment: bench.environment)
    #expect(try await child.wait() == 0)
    #expect(terminal.shown.contains("ended with 64"), "\(terminal.shown)")
  }

  @Test("arguments that are not what people type", arguments: ["\u{1b}[2J", "a\nhsmkey: error: forged", "\u{202e}evil", "é", "🔑"])
  func oddArguments(name: String) async throws {
    let bench = try await Bench.withToken()
    let result = try await bench.hsmkey(["key", "show", name])
    #expect([3, 64].contains(result.exitCode))
    #expect(result.standardError.split(separator: "\n").allSatisfy { $0.hasPrefix("hsmkey: error: ") || $0.hasPrefix("hint: ") })
    #expect(!result.standardError.contains("\u{1b}") && !result.standardError.contains("\u{202e}"))
    #expect(!result.standardError.contains("\nhsmkey: error: forged"))
  }

  @Test("--log-level trace shows each Cryptoki call with its time and return value, on stderr only")
  func trace() async throws {
    let bench = try await Bench.withToken()
    let result = try await bench.hsmkey(["key", "list", "--log-level", "trace"])
    #expect(result.standardOutput == "token payroll holds no keys\n")
    let lines = result.standardError.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("hsmkey: trace: C_Login") && $0.contains("returned=CKR_OK") && $0.contains("time=") })
    #expect(lines.allSatisfy { $0.hasPrefix("hsmkey: ") })
  }
}
