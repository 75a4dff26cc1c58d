import CTransport
import Glibc
import Synchronization

/// One request and its response, on a thread of its own.
///
/// libcurl blocks in name resolution and waits for sockets, and Swift's cooperative threads must not. The thread is also what makes the
/// process safe from `SIGPIPE`: it is blocked there, so no server that closes early can end the program.
final class Exchange: Sendable {
  typealias Outcome = Result<HTTPResponse, HTTPSTransportError>

  private let body: Mutex<[UInt8]>
  let address: Address
  let fields: [HeaderField]
  let configuration: HTTPSTransport.Configuration
  let purpose: Purpose
  /// Who the client is, for servers that ask.
  let identity: ClientIdentity?

  /// What the exchange is for.
  enum Purpose: Sendable {
    /// One POST.
    case post
    /// Ends when the connection stands; no request is sent.
    case connection
    /// A GET without a body, of whose answer the head matters.
    case probe
    /// A GET without a body, of which the answer's body is wanted.
    case file
  }

  @safe private struct Control {
    var isCancelled = false
    /// Set while the thread may be waiting in it.
    nonisolated(unsafe) var multi: UnsafeMutableRawPointer?
    /// Set while the thread waits for the client's key.
    var signing: SignatureWait?
  }
  private let control = Mutex(Control())
  private let began = ContinuousClock.now
  private let facts = Mutex(HandshakeFacts())

  /// What is known of the connection's TLS; complete when the exchange has ended.
  var handshakeFacts: HandshakeFacts { facts.withLock { $0 } }

  func note(_ change: (inout HandshakeFacts) -> Void) { facts.withLock { change(&$0) } }

  init(
    _ purpose: Purpose, body: [UInt8] = [], address: Address, fields: [HeaderField] = [], configuration: HTTPSTransport.Configuration,
    identity: ClientIdentity?
  ) {
    self.purpose = purpose
    self.identity = identity
    self.body = Mutex(body)
    self.address = address
    self.fields = fields
    self.configuration = configuration
  }

  /// Hands the body over. Nothing of it may be held here when the caller has its answer: whoever wipes an array that somebody else
  /// holds as well wipes a copy of it.
  func takeBody() -> [UInt8] {
    body.withLock { body in
      defer { body = [] }
      return body
    }
  }

  /// Whether the awaiting task has given up.
  var isCancelled: Bool { control.withLock { $0.isCancelled } }

  /// Ends the exchange from any thread.
  func cancel() {
    control.withLock { control in
      control.isCancelled = true
      // The one function of a handle that may be called from another thread (curl_multi_wakeup(3)); the lock keeps the handle alive.
      if let multi = unsafe control.multi { unsafe _ = curl_multi_wakeup(multi) }
      control.signing?.cancel()
    }
  }

  /// Waits, on the exchange's thread, for the client's key to sign; no longer than the exchange may take, and not when it is cancelled.
  func signature(by identity: ClientIdentity, for request: SigningRequest) throws -> [UInt8] {
    let waiting = SignatureWait()
    let isCancelled = control.withLock { control in
      control.signing = waiting
      return control.isCancelled
    }
    defer { control.withLock { $0.signing = nil } }
    guard !isCancelled else { throw CancellationError() }
    return try waiting.signature(within: configuration.totalTimeout - began.duration(to: .now)) { try await identity.sign(request) }
  }

  /// Starts the thread; `completion` is called once, from there.
  func start(_ completion: @escaping @Sendable (Outcome) -> Void) {
    let job = unsafe Unmanaged.passRetained(Job { self.run(completion) })
    var thread = pthread_t()
    let failure = unsafe pthread_create(
      &thread, nil,
      { argument in
        Exchange.blockSignals()
        unsafe Unmanaged<Job>.fromOpaque(argument!).takeRetainedValue().work()
        return nil
      }, job.toOpaque())
    guard failure == 0 else {
      unsafe job.release()
      _ = takeBody()
      return completion(.failure(failed(.library, "no thread for the exchange: \(unsafe String(cString: strerror(failure)))")))
    }
    pthread_detach(thread)
  }

  private final class Job: Sendable {
    let work: @Sendable () -> Void
    init(_ work: @escaping @Sendable () -> Void) { self.work = work }
  }

  /// Signals are for the program's other threads; only those that a fault of this thread raises stay open.
  private static func blockSignals() {
    var signals = sigset_t()
    unsafe sigfillset(&signals)
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP] { unsafe sigdelset(&signals, fault) }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
  }

  private func run(_ completion: (Outcome) -> Void) {
    let transfer: Transfer
    do { transfer = try Transfer(self) } catch { return completion(.failure(error)) }
    control.withLock { unsafe $0.multi = transfer.multi }
    let outcome = transfer.perform()
    control.withLock { unsafe $0.multi = nil }
    transfer.forgetBody()
    // Answer first: taking the transfer apart may have to wait for a name resolution that nobody is interested in any more.
    completion(outcome)
    transfer.end()
  }

  /// An error of this exchange.
  func failed(_ rule: TransportRule, _ message: String, hint: String? = nil, sent: Bool = false) -> HTTPSTransportError {
    HTTPSTransportError(
      rule, address.operation, message, hint: hint, underlying: rule == .cancelled ? CancellationError() : nil, requestMayHaveBeenSent: sent
    )
  }
}
