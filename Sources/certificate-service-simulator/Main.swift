import ArgumentParser
import Foundation
import ServiceSimulator

@main
struct CertificateServiceSimulator: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "certificate-service-simulator",
    abstract: "A local certificate service that behaves as the tax administration's does, and misbehaves on demand.",
    discussion: """
      Its CAs are made at start and forgotten at the end; every name in them says SIMULATOR. It speaks plain HTTP on the loopback \
      network only. It ends at SIGINT or SIGTERM with exit code 0.

      A transfer password on the command line is visible to every user of the machine. These passwords open nothing but this \
      simulator; never give it a real one.

      Example: certificates are ready after five seconds, the answer to the first order gets lost, and a script tells the service what \
      to do next while it runs:

        certificate-service-simulator --folder trust --listen 127.0.0.1:8080 --transfer-file orders \\
          --not-ready-for 5 --fault 'sign-new:close-after-commit x1' --control commands --log log.jsonl
        echo 'advance 680d' >> commands

      http://127.0.0.1:8080/ shows in a browser what was asked and answered.
      """)

  @OptionGroup var options: SimulatorOptions

  func validate() throws {
    let lists = options.listFaults || options.listCommands
    if !lists && options.folder == nil { throw ValidationError("--folder is needed, for the trust files") }
  }

  func run() async throws {
    if options.listFaults {
      for fault in ServiceFault.allCases {
        let operations = fault.operations.map(\.shortName).joined(separator: ", ")
        try Self.tell("\(fault): \(fault.explanation) (\(operations))")
      }
      return
    }
    if options.listCommands {
      for form in SimulatorCommand.forms { try Self.tell("\(form.syntax): \(form.explanation)") }
      return
    }
    let stopping = StopSignals(untilInputEnds: options.untilInputEnds)
    var configuration = try options.configuration()
    configuration.log = { line in try? FileHandle.standardError.write(contentsOf: Data("\(line)\n".utf8)) }
    let credentials = try options.credentials()
    let portFile = try options.portFile.map(PortFile.init(path:))
    let simulator = try ServiceSimulator(configuration)
    let endpoint = try await simulator.start()
    for credential in credentials {
      try await simulator.addTransferCredential(
        customerID: credential.customerID, id: credential.id, password: credential.password)
    }
    try Self.tell("listening: \(endpoint)")
    if let files = simulator.trustFiles {
      try Self.tell("services-root: \(files.servicesRoot)")
      try Self.tell("services-chain: \(files.servicesChain)")
      try Self.tell("providers-root: \(files.providersRoot)")
      try Self.tell("providers-chain: \(files.providersChain)")
    }
    if let files = try simulator.writeTestBenchKeys() {
      try Self.tell("bench-sign-new-key: \(files.signNewKey)")
      try Self.tell("bench-renew-key: \(files.renewKey)")
    }
    if let port = URL(string: endpoint)?.port { try portFile?.write(port) }
    await stopping.wait()
    try? portFile?.remove()
    await simulator.stop()
  }

  /// Writes a line of the answer at once: a script that reads it through a pipe must not wait for a buffer to fill.
  private static func tell(_ line: String) throws { try FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8)) }
}
