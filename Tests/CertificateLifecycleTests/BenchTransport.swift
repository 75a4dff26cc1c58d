import CertificateService
import HTTPSTransport
import Synchronization

/// The way to the simulator, with accidents on demand.
final class BenchTransport: ServiceTransport {
  enum Accident: Sendable {
    /// Nothing leaves.
    case unreachable
    /// Nothing arrives, and nobody here can tell.
    case requestLost
    /// The service acts, and its answer does not come back.
    case answerLost
    /// This comes back instead of the service's answer.
    case answer(String)
    /// The service answers, and then something happens on this machine.
    case passThen(@Sendable () throws -> Void)
  }

  struct Posted: Sendable {
    let operation: String
    let body: String
  }

  private let transport: HTTPSTransport
  private let interruptions: Interruptions
  private let accidents = Mutex<[String: [Accident]]>([:])
  private let memory = Mutex<[Posted]>([])

  init(_ interruptions: Interruptions) throws {
    var configuration = HTTPSTransport.Configuration()
    configuration.allowsPlainHTTPToLoopback = true
    // The simulator answers in this process, on threads that it shares with every other test.
    configuration.totalTimeout = .seconds(600)
    transport = try HTTPSTransport(configuration)
    self.interruptions = interruptions
  }

  /// What left, or may have left, for the service.
  var posted: [Posted] { memory.withLock { $0 } }

  func posted(_ operation: String) -> [Posted] { posted.filter { $0.operation == operation } }

  /// What happens to the next requests of an operation; those after them go through.
  func plan(_ operation: String, _ next: Accident...) { accidents.withLock { $0[operation, default: []] += next } }

  func post(_ body: [UInt8], to endpoint: String, headers: [(name: String, value: String)]) async throws -> ServiceReply {
    let operation = headers.first { $0.name == "SOAPAction" }.map { $0.value.filter { $0 != "\"" } } ?? ""
    try interruptions.step("before \(operation)")
    let accident = accidents.withLock { accidents -> Accident? in
      guard var left = accidents[operation], !left.isEmpty else { return nil }
      defer { accidents[operation] = left }
      return left.removeFirst()
    }
    if case .unreachable = accident { throw TransportFailure(requestMayHaveBeenSent: false, message: "the line is dead") }
    memory.withLock { $0.append(Posted(operation: operation, body: String(decoding: body, as: UTF8.self))) }
    if case .requestLost = accident { throw TransportFailure(requestMayHaveBeenSent: true, message: "no answer came") }
    if case .answer(let text) = accident { return ServiceReply(status: 200, contentType: "text/xml", body: Array(text.utf8)) }
    let reply: ServiceReply
    do {
      let response = try await transport.post(body, to: endpoint, headers: headers)
      reply = ServiceReply(status: response.status, contentType: response.contentType, body: response.body)
    } catch {
      throw TransportFailure(requestMayHaveBeenSent: error.requestMayHaveBeenSent, message: error.message, underlying: error)
    }
    try interruptions.step("after \(operation)")
    if case .answerLost = accident { throw TransportFailure(requestMayHaveBeenSent: true, message: "no answer came") }
    if case .passThen(let action) = accident { try action() }
    return reply
  }
}
