import Foundation
import Synchronization

/// What a network does to one connection.
public enum NetworkFault: Sendable, Hashable {
  /// Nothing: the request goes there, the answer comes back.
  case none
  /// The connection is reset as soon as it is there.
  case refuse
  /// So many octets of the request go on, then both sides are reset.
  case cutRequest(Int)
  /// The request goes on whole; so many octets of the answer come back, then the end, or a reset.
  case cutAnswer(Int, reset: Bool)
  /// The answer comes after so many milliseconds.
  case delay(Int)
  /// Nothing comes back, and the connection stays as long as the other side wants it to.
  case silence
  /// The answer comes in pieces of so many octets.
  case dribble(Int)
  /// The request goes there twice, one after the other; the answer to the first or the second comes back.
  case duplicateRequest(answer: Int)
  /// The answer comes twice.
  case duplicateAnswer
  /// Two neighbouring pieces of the answer's end, of so many octets each, have changed places.
  case swap(Int)
  /// One bit of this octet of the answer is another.
  case flip(Int)
  /// The answer to the connection before this one comes instead of its own.
  case staleAnswer
}

/// A network that misbehaves, between a client and a server of plain HTTP on 127.0.0.1 with one request a connection. Keeps what passed.
public final class FaultProxy: Sendable {
  /// One request, and what the server answered to it, whether or not anybody heard.
  public struct Exchange: Sendable {
    public let fault: NetworkFault
    /// What the client sent, as far as it came.
    public var request: [UInt8] = []
    /// Whether all of it came.
    public var isWhole = false
    /// How often it went on to the server, whole.
    public var deliveries = 0
    /// The server's answers.
    public var answers: [[UInt8]] = []
    /// How many octets of an answer were handed on.
    public var handedOn = 0

    /// Whether the fault met anything: a cut behind the end does not.
    public var wasStruck: Bool {
      switch fault {
      case .none: false
      case .cutRequest: !isWhole
      case .cutAnswer: handedOn < answers.first?.count ?? 0
      case .flip(let index): index < answers.first?.count ?? 0
      default: true
      }
    }
  }

  private struct State {
    var exchanges: [Exchange] = []
    var faults: [NetworkFault] = []
    var lastAnswer: [UInt8] = []
    var open = 0
  }

  private final class Shared: Sendable {
    let state = Mutex<State>(State())
    let upstream: Int
    init(upstream: Int) { self.upstream = upstream }
  }

  private let shared: Shared
  private let server: RawServer

  /// Where to connect to.
  public var port: Int { server.port }

  /// - Parameter upstream: the server's port.
  public init(upstream: Int) throws {
    let shared = Shared(upstream: upstream)
    self.shared = shared
    server = try RawServer { Self.serve($0, shared) }
  }

  /// What befalls the next connections, in their order; those after them go through.
  public func set(_ faults: [NetworkFault]) { shared.state.withLock { $0.faults = faults } }

  /// What has passed so far.
  public var exchanges: [Exchange] { shared.state.withLock { $0.exchanges } }

  /// Waits until nothing is under way, and says what has passed.
  public func settled() async throws -> [Exchange] {
    try await eventually("the network's rest") { shared.state.withLock { $0.open == 0 ? $0.exchanges : nil } }
  }

  private static func serve(_ client: RawConnection, _ shared: Shared) {
    let (number, fault, last) = shared.state.withLock { state in
      let fault = state.faults.isEmpty ? .none : state.faults.removeFirst()
      state.exchanges.append(Exchange(fault: fault))
      state.open += 1
      return (state.exchanges.count - 1, fault, state.lastAnswer)
    }
    defer { shared.state.withLock { $0.open -= 1 } }
    guard fault != .refuse else { return client.reset() }

    let limit = if case .cutRequest(let count) = fault { count } else { Int.max }
    let request = readRequest(client, limit: limit)
    shared.state.withLock {
      $0.exchanges[number].request = request.bytes
      $0.exchanges[number].isWhole = request.isWhole
    }
    guard request.isWhole else {
      _ = ask(shared.upstream, request.bytes, isWhole: false)
      return client.reset()
    }
    var answers: [[UInt8]] = []
    let times = if case .duplicateRequest = fault { 2 } else { 1 }
    for _ in 0..<times {
      shared.state.withLock { $0.exchanges[number].deliveries += 1 }
      let answer = ask(shared.upstream, request.bytes, isWhole: true)
      answers.append(answer)
      shared.state.withLock { $0.exchanges[number].answers.append(answer) }
    }
    shared.state.withLock { $0.lastAnswer = answers[0] }
    let handedOn = answer(client, answers, fault, last: last)
    shared.state.withLock { $0.exchanges[number].handedOn = handedOn }
  }

  /// Sends a request, or a part of one, and reads the answer to its end.
  private static func ask(_ port: Int, _ request: [UInt8], isWhole: Bool) -> [UInt8] {
    guard let server = try? RawClient(port: port), server.connection.write(request) else { return [] }
    guard isWhole else {
      server.connection.reset()
      return []
    }
    var answer: [UInt8] = []
    while true {
      let part = server.connection.read()
      if part.isEmpty { return answer }
      answer += part
      if HTTPText(answer).isWhole { return answer }
    }
  }

  private static func readRequest(_ client: RawConnection, limit: Int) -> (bytes: [UInt8], isWhole: Bool) {
    var bytes: [UInt8] = []
    while true {
      let part = client.read()
      bytes += part
      if bytes.count >= limit { return (Array(bytes.prefix(limit)), false) }
      if part.isEmpty { return (bytes, false) }
      if HTTPText(bytes).isWhole { return (bytes, true) }
    }
  }

  /// - Returns: how many octets were handed on.
  private static func answer(_ client: RawConnection, _ answers: [[UInt8]], _ fault: NetworkFault, last: [UInt8]) -> Int {
    var answer = answers[0]
    switch fault {
    case .cutAnswer(let count, let reset):
      answer = Array(answer.prefix(count))
      client.write(answer)
      // What was written must have arrived before the reset takes it away.
      if reset {
        usleep(20_000)
        client.reset()
      }
      return answer.count
    case .delay(let milliseconds): usleep(UInt32(milliseconds) * 1000)
    case .silence:
      client.readToEnd()
      return 0
    case .dribble(let count):
      for start in stride(from: 0, to: answer.count, by: count) {
        guard client.write(Array(answer[start..<min(start + count, answer.count)])) else { return start }
        usleep(200)
      }
      return answer.count
    case .duplicateRequest(let which): answer = answers[which - 1]
    case .duplicateAnswer: answer += answer
    case .swap(let count):
      guard answer.count >= 2 * count else { break }
      let start = answer.count - 2 * count
      answer = Array(answer[..<start] + answer[(start + count)...] + answer[start..<(start + count)])
    case .flip(let index): if answer.indices.contains(index) { answer[index] ^= 1 }
    case .staleAnswer: answer = last.isEmpty ? answer : last
    default: break
    }
    client.write(answer)
    return answer.count
  }
}

/// Just enough of HTTP/1.1 to know where a message ends.
private struct HTTPText {
  let isWhole: Bool

  init(_ bytes: [UInt8]) {
    guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
      isWhole = false
      return
    }
    let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased()
    let body = bytes.count - end.upperBound
    if head.contains("transfer-encoding: chunked") {
      isWhole = bytes.suffix(5) == Array("0\r\n\r\n".utf8)[...]
    } else if let length = head.split(separator: "\r\n").first(where: { $0.hasPrefix("content-length:") }) {
      isWhole = body >= Int(length.dropFirst(15).filter(\.isNumber)) ?? 0
    } else {
      // Ends with the connection, or has nothing after its head.
      isWhole = !head.hasPrefix("http/")
    }
  }
}

/// A line that is cut: carries octets between a client and a port, whatever they mean, until so many have passed one way.
public final class CutLine: Sendable {
  /// Which way, and after how many octets.
  public struct Cut: Sendable, Hashable {
    public let isAnswer: Bool
    public let octets: Int
    public init(isAnswer: Bool, octets: Int) {
      self.isAnswer = isAnswer
      self.octets = octets
    }
  }

  private final class Cuts: Sendable {
    let list = Mutex<[Cut?]>([])
    let count = Mutex(0)
  }

  private let cuts: Cuts
  private let server: RawServer

  public var port: Int { server.port }

  /// How often it was cut.
  public var count: Int { cuts.count.withLock { $0 } }

  public init(upstream: Int) throws {
    let cuts = Cuts()
    self.cuts = cuts
    server = try RawServer { Self.serve($0, upstream, cuts) }
  }

  /// Where the next connections are cut, in their order; nil and those after them are not.
  public func set(_ list: [Cut?]) { cuts.list.withLock { $0 = list } }

  private static func serve(_ client: RawConnection, _ upstream: Int, _ cuts: Cuts) {
    let cut = cuts.list.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    guard let server = try? RawClient(port: upstream) else { return client.reset() }
    var counts = (requests: 0, answers: 0)
    while true {
      let (here, there) = client.awaits(server.connection)
      for isAnswer in [false, true] where isAnswer ? there : here {
        var part = isAnswer ? server.connection.read() : client.read()
        guard !part.isEmpty else { return }
        let passed = isAnswer ? counts.answers : counts.requests
        let isCut = cut.map { $0.isAnswer == isAnswer && passed + part.count >= $0.octets } ?? false
        if isCut, let cut { part = Array(part.prefix(max(0, cut.octets - passed))) }
        guard (isAnswer ? client : server.connection).write(part) else { return }
        if isAnswer { counts.answers += part.count } else { counts.requests += part.count }
        if isCut {
          cuts.count.withLock { $0 += 1 }
          usleep(20_000)
          client.reset()
          return server.connection.reset()
        }
      }
    }
  }
}
