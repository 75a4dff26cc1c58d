public import ServiceSimulator
public import TestSupport

/// What the tool is doing when it is attacked.
public enum Operation: String, Sendable, CaseIterable {
  case enrol, renew

  /// What it asks the service, in order.
  public var steps: [ServiceOperation] { [self == .enrol ? .signNew : .renew, .get] }
}

/// One thing that goes wrong in one run of the tool.
public enum Blow: Sendable, Hashable {
  /// At a system call of the tool: `state:17` and `kill`, `kill-after`, `tear`, `ENOSPC`, `EIO+` …
  case call(String, String)
  /// The process is killed at a call of the PKCS #11 module, before or after the module has done what it was asked.
  case cryptoki(Int, after: Bool)
  /// From the first call of this function on, the token is not there.
  case tokenGone(String)
  /// What happens to the connections of the run, in their order.
  case network([NetworkFault])
  /// The line to a TLS server is cut: the connection, which way, after how many octets.
  case line(Int, CutLine.Cut)
  /// The service misbehaves.
  case service(ServiceFault, ServiceOperation)
  /// The machine's clock is wrong by so many seconds.
  case clock(Int)
  /// The PIN source holds another PIN.
  case wrongPIN
  /// The same command runs twice at the same time.
  case twice
  /// The folder with the state, or the state file itself, cannot be written.
  case readOnlyState
}

/// How an operator goes on when the tool says that an outcome is uncertain.
public enum WayOut: String, Sendable, CaseIterable {
  /// Asks the agency for the retrieval id; where there is none, nothing was done, and one of the other ways is taken.
  case retrievalID = "retrieval-id"
  /// Orders new transfer credentials (an enrolment), or lets the renewal be repeated.
  case again
}

/// How an operator goes on after a run that was cut off without a word.
public enum Habit: String, Sendable, CaseIterable {
  /// The same command again.
  case sameCommand = "same-command"
  /// What a timer runs: `certificate renew --due`. For an enrolment, which no timer begins, the same command.
  case timer
  /// What `certificate status` names as the next step.
  case nextStep = "next-step"
}

/// One campaign run: an operation, what goes wrong in its first runs of the tool, and how the operator goes on.
public struct Attack: Sendable, Hashable {
  public let operation: Operation
  public let blows: [Blow]
  public let habit: Habit
  public let wayOut: WayOut

  public init(_ operation: Operation, _ blows: [Blow], habit: Habit = .sameCommand, wayOut: WayOut = .again) {
    self.operation = operation
    self.blows = blows
    self.habit = habit
    self.wayOut = wayOut
  }

  /// For the summary: what kind of point it attacks, and how.
  public var kind: String { blows.map(\.kind).joined(separator: ", then ") }
}

extension Blow {
  /// For the summary.
  public var kind: String {
    switch self {
    case .call(let place, let action):
      let what = ["state": "state", "token": "token's files", "pin": "PIN memory", "file": "certificate file", "net": "network call"]
      let name = place.split(separator: ":").first.map(String.init) ?? place
      return "\(action) at \(what[name] ?? name)"
    case .cryptoki(_, let after): return "kill \(after ? "after" : "before") a C_ call"
    case .tokenGone(let function): return "token gone at \(function)"
    case .network(let faults): return "network: " + faults.filter { $0 != .none }.map(\.kind).joined(separator: " and ")
    case .line(_, let cut): return "TLS line cut in the \(cut.isAnswer ? "answer" : "request")"
    case .service: return "service fault"
    case .clock(let seconds): return "clock \(seconds < 0 ? "back" : "forward")"
    case .wrongPIN: return "wrong PIN"
    case .twice: return "two at once"
    case .readOnlyState: return "state read-only"
    }
  }
}

extension NetworkFault {
  fileprivate var kind: String { String(word.prefix { $0 != "=" }) }

  /// `cut-answer=512`
  var word: String {
    switch self {
    case .none: "none"
    case .refuse: "refuse"
    case .cutRequest(let count): "cut-request=\(count)"
    case .cutAnswer(let count, let reset): "\(reset ? "reset" : "cut")-answer=\(count)"
    case .delay(let milliseconds): "delay=\(milliseconds)"
    case .silence: "silence"
    case .dribble(let count): "dribble=\(count)"
    case .duplicateRequest(let which): "duplicate-request=\(which)"
    case .duplicateAnswer: "duplicate-answer"
    case .swap(let count): "swap=\(count)"
    case .flip(let index): "flip=\(index)"
    case .staleAnswer: "stale-answer"
    }
  }

  init?(word: Substring) {
    let parts = word.split(separator: "=")
    let number = parts.count == 2 ? Int(parts[1]) : nil
    switch (parts.first, number) {
    case ("none", nil): self = .none
    case ("refuse", nil): self = .refuse
    case ("cut-request", let count?): self = .cutRequest(count)
    case ("cut-answer", let count?): self = .cutAnswer(count, reset: false)
    case ("reset-answer", let count?): self = .cutAnswer(count, reset: true)
    case ("delay", let milliseconds?): self = .delay(milliseconds)
    case ("silence", nil): self = .silence
    case ("dribble", let count?) where count > 0: self = .dribble(count)
    case ("duplicate-request", let which?) where which == 1 || which == 2: self = .duplicateRequest(answer: which)
    case ("duplicate-answer", nil): self = .duplicateAnswer
    case ("swap", let count?) where count > 0: self = .swap(count)
    case ("flip", let index?): self = .flip(index)
    case ("stale-answer", nil): self = .staleAnswer
    default: return nil
    }
  }
}

// MARK: As text

extension Blow: CustomStringConvertible {
  public var description: String {
    switch self {
    case .call(let place, let action): "call \(place) \(action)"
    case .cryptoki(let number, let after): "cryptoki \(number) \(after ? "after" : "before")"
    case .tokenGone(let function): "token-gone \(function)"
    case .network(let faults): "network \(faults.map(\.word).joined(separator: ","))"
    case .line(let number, let cut): "line \(number) \(cut.isAnswer ? "answer" : "request") \(cut.octets)"
    case .service(let fault, let operation): "service \(operation.shortName) \(fault)"
    case .clock(let seconds): "clock \(seconds)"
    case .wrongPIN: "wrong-pin"
    case .twice: "twice"
    case .readOnlyState: "read-only-state"
    }
  }

  init?(parsing text: Substring) {
    let words = text.split(separator: " ")
    switch (words.first, words.count) {
    case ("call", 3): self = .call(String(words[1]), String(words[2]))
    case ("cryptoki", 3):
      guard let number = Int(words[1]) else { return nil }
      self = .cryptoki(number, after: words[2] == "after")
    case ("token-gone", 2): self = .tokenGone(String(words[1]))
    case ("network", 2):
      let faults = words[1].split(separator: ",").map { NetworkFault(word: $0) }
      guard !faults.contains(nil) else { return nil }
      self = .network(faults.compactMap(\.self))
    case ("line", 4):
      guard let number = Int(words[1]), let octets = Int(words[3]) else { return nil }
      self = .line(number, .init(isAnswer: words[2] == "answer", octets: octets))
    case ("service", 3):
      guard let operation = ServiceOperation.allCases.first(where: { $0.shortName == words[1] }),
        let fault = ServiceFault(rawValue: String(words[2]))
      else { return nil }
      self = .service(fault, operation)
    case ("clock", 2):
      guard let seconds = Int(words[1]) else { return nil }
      self = .clock(seconds)
    case ("wrong-pin", 1): self = .wrongPIN
    case ("twice", 1): self = .twice
    case ("read-only-state", 1): self = .readOnlyState
    default: return nil
    }
  }
}

extension Attack: CustomStringConvertible {
  /// `renew; call state:17 kill; next-step; retrieval-id`: what ``init(parsing:)`` reads.
  public var description: String {
    ([operation.rawValue] + blows.map(\.description) + [habit.rawValue, wayOut.rawValue]).joined(separator: "; ")
  }

  /// Reads what ``description`` writes.
  public init?(parsing text: String) {
    let parts = text.split(separator: ";").map { $0.drop { $0 == " " } }
    guard parts.count >= 3, let operation = Operation(rawValue: String(parts[0])),
      let habit = Habit(rawValue: String(parts[parts.count - 2])), let wayOut = WayOut(rawValue: String(parts[parts.count - 1]))
    else { return nil }
    let blows = parts[1..<(parts.count - 2)].map { Blow(parsing: $0) }
    guard !blows.contains(nil) else { return nil }
    self.init(operation, blows.compactMap(\.self), habit: habit, wayOut: wayOut)
  }
}
