/// How long calls into a module may take before their caller is no longer kept waiting.
///
/// A Cryptoki call cannot be cancelled. One that passes its deadline is given up: the caller gets ``PKCS11Rule/callDeadline``, the thread
/// and the session that are in the call are used for nothing else, and other work goes on in other sessions.
public struct CallDeadlines: Hashable, Sendable {
  /// Every call that is not named below, such as `C_Sign`. 20 seconds unless told otherwise.
  public var general: Duration
  /// `C_Login` with a PIN, and what sets PINs. Tokens slow themselves down on purpose there. 60 seconds unless told otherwise.
  public var login: Duration
  /// `C_GenerateKeyPair`, `C_GenerateKey` and `C_InitToken`: an RSA key of 4096 bits can take a small device two minutes. 5 minutes unless
  /// told otherwise.
  public var keyGeneration: Duration
  /// A login at the device's own pad, where a person takes the time. 5 minutes unless told otherwise.
  public var protectedPath: Duration

  /// Deadlines, each of them more than zero.
  public init(
    general: Duration = .seconds(20), login: Duration = .seconds(60), keyGeneration: Duration = .seconds(300),
    protectedPath: Duration = .seconds(300)
  ) {
    self.general = max(general, .milliseconds(1))
    self.login = max(login, .milliseconds(1))
    self.keyGeneration = max(keyGeneration, .milliseconds(1))
    self.protectedPath = max(protectedPath, .milliseconds(1))
  }

  /// The deadline of one function.
  func deadline(of function: CryptokiFunction) -> Duration {
    switch function {
    case .C_GenerateKeyPair, .C_GenerateKey, .C_InitToken: keyGeneration
    case .C_Login, .C_InitPIN, .C_SetPIN: login
    default: general
    }
  }

  /// How often to look whether a deadline has passed: often enough to be at most an eighth late.
  var tick: Duration { min(max(min(general, login, keyGeneration) / 8, .milliseconds(2)), .milliseconds(250)) }
}
