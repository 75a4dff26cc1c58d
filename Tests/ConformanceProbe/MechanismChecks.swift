import Foundation
import PKCS11

extension Bench {
  /// Every mechanism for signing that the token lists, with each kind of key, verified in software.
  func checkMechanisms() async {
    for kind in KeyKind.allCases {
      for way in kind.signing {
        await recorder.check("sign with \(way.mechanism), \(kind.rawValue)") {
          try need(way.mechanism.type, .sign)
          let key = try key(kind)
          return try withLogin { session in
            let message = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
            let signature = try session.sign(
              way.data(message), with: way.mechanism, key: key.privateHandle(in: &session), maximumSignatureSize: kind.signatureSize)
            guard signature.count == kind.signatureSize else { throw Wrong("\(signature.count) bytes of signature") }
            try key.verify(signature, of: message, by: way, in: &session)
            return nil
          }
        }
      }
    }
    await recorder.check("four threads open and close sessions at once") {
      try await withLoginHeld {
        let threads = (0..<4).map { _ in OpeningThread(token: self.token, count: 100) }
        for thread in threads { try await thread.end() }
        return nil
      }
    }
    await recorder.check("two threads sign at once") {
      let key = try anyKey()
      guard let way = key.kind.signing.first(where: { offers($0.mechanism.type, .sign) }) else { throw Wrong("no mechanism to sign with") }
      return try await withLoginHeld {
        let threads = (0..<2).map { _ in SigningThread(token: self.token, key: key, way: way, count: 25) }
        for thread in threads { try await thread.end() }
        return nil
      }
    }
  }

  /// Keeps a session with the login open meanwhile.
  private func withLoginHeld<Result>(_ body: () async throws -> Result) async throws -> Result {
    var session = try token.openSession(.readOnly)
    try session.login(.user, pin: pin())
    let result = try await body()
    try session.close()
    return result
  }
}

/// A thread that opens a session again and again.
private final class OpeningThread: Sendable {
  private let task: Task<Void, any Error>

  init(token: Token, count: Int) {
    task = Task {
      try await onThread {
        for _ in 0..<count {
          var session = try token.openSession(.readOnly)
          guard try session.isUserLoggedIn() else { throw Wrong("a session is not logged in while another one is") }
          try session.close()
        }
      }
    }
  }

  func end() async throws { try await task.value }
}

/// Runs blocking work on a thread of its own.
private func onThread(_ body: @escaping @Sendable () throws -> Void) async throws {
  try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
    Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
  }
}

/// A thread with a session of its own, which signs and verifies again and again.
private final class SigningThread: Sendable {
  private let task: Task<Void, any Error>

  init(token: Token, key: TestKey, way: SigningWay, count: Int) {
    task = Task {
      try await onThread {
        var session = try token.openSession(.readOnly)
        for number in 0..<count {
          let message = Array("message \(number)".utf8)
          let signature = try session.sign(
            way.data(message), with: way.mechanism, key: key.privateHandle(in: &session),
            maximumSignatureSize: key.kind.signatureSize)
          try key.verify(signature, of: message, by: way, in: &session)
        }
        try session.close()
      }
    }
  }

  func end() async throws { try await task.value }
}
