/// What a return value means to a person, and what that person can do about it.
///
/// Only the codes that people meet have words of their own. Return values are described in section 5.1 of the standard.
struct CallAdvice {
  let message: String
  let hint: String?

  init(_ returnValue: ReturnValue, from function: String) {
    if let special = Self.special[Special(function: function, returnValue: returnValue)] {
      self = special
    } else {
      self = Self.general[returnValue] ?? CallAdvice("the module did not do it", nil)
    }
  }

  private init(_ message: String, _ hint: String?) {
    self.message = message
    self.hint = hint
  }
}

extension CallAdvice {
  private struct Special: Hashable {
    let function: String
    let returnValue: ReturnValue
  }

  /// Where the same code means something else from one function than from the others.
  private static let special: [Special: CallAdvice] = [
    Special(function: "C_Initialize", returnValue: .argumentsBad): CallAdvice(
      "the module cannot be initialised without parameters of its own",
      "some modules (NSS softoken) need an initialisation string; use them through p11-kit-proxy.so, which can pass one"),
    Special(function: "C_Initialize", returnValue: .generalError): CallAdvice(
      "the module could not start", "check its configuration file and the owner and mode of its token folder (for SoftHSM: SOFTHSM2_CONF)"),
    Special(function: "C_Sign", returnValue: .userNotLoggedIn): CallAdvice(
      "the key wants a PIN for this very signature",
      "the key has CKA_ALWAYS_AUTHENTICATE, or the login was lost; sign with the variant that authenticates"),
    Special(function: "C_Sign", returnValue: .generalError): CallAdvice(
      "the token failed to sign", "check that the mechanism fits the key's type, then open a new session"),
    Special(function: "C_InitToken", returnValue: .pinIncorrect): CallAdvice(
      "the token refused the security officer PIN", "a token that is initialised again needs its present security officer PIN"),
    Special(function: "C_OpenSession", returnValue: .sessionReadWriteSecurityOfficerExists): CallAdvice(
      "the security officer is logged in, which allows read-write sessions only", "log the security officer out first"),
  ]

  private static let renewSession = "open a new session; if that fails too, finalize the module and open it again"
  private static let searchAgain = "look the object up again: it was destroyed, or a logout made its handle void"
  private static let checkDevice = "check the device and its connection, then open the module again"
  private static let askMechanisms = "ask the token's slot for its mechanisms and choose another"

  private static let general: [ReturnValue: CallAdvice] = [
    .slotIDInvalid: CallAdvice("the slot does not exist any more", "list the slots again; slot numbers change"),
    .generalError: CallAdvice("the module failed without saying why", "look at the module's own log, then open a new session"),
    .functionFailed: CallAdvice("the module could not perform the function", "look at the module's own log, then try again"),
    .argumentsBad: CallAdvice("the module found the arguments of the call improper", nil),
    .attributeReadOnly: CallAdvice("an attribute cannot be changed", "leave it out, or make a new object"),
    .attributeSensitive: CallAdvice("an attribute does not leave the token", nil),
    .attributeTypeInvalid: CallAdvice("the token does not know one of the attributes", "leave the optional attributes out"),
    .attributeValueInvalid: CallAdvice("the token does not take the value of one of the attributes", "check lengths and allowed values"),
    .actionProhibited: CallAdvice("the object's own attributes forbid this", "see CKA_MODIFIABLE, CKA_COPYABLE and CKA_DESTROYABLE"),
    .dataInvalid: CallAdvice("the mechanism cannot take these data", "check that what is signed has the form the mechanism needs"),
    .dataLengthRange: CallAdvice("the data are too long or too short for the mechanism and key", "sign a digest instead of the data"),
    .deviceError: CallAdvice("the device has a fault", checkDevice),
    .deviceMemory: CallAdvice("the device is full", "destroy objects that are not needed any more"),
    .deviceRemoved: CallAdvice("the device was removed", checkDevice),
    .functionNotSupported: CallAdvice("the module does not have this function", nil),
    .keyHandleInvalid: CallAdvice("the key is not there any more", searchAgain),
    .keySizeRange: CallAdvice("the token does not take keys of this size", "ask the mechanism's information for the sizes it takes"),
    .keyTypeInconsistent: CallAdvice("the key is not of the type that the mechanism needs", "choose the mechanism by the key's type"),
    .keyFunctionNotPermitted: CallAdvice(
      "the key's attributes do not allow this use", "see CKA_SIGN and CKA_ALLOWED_MECHANISMS of the key; they cannot be added later"),
    .keyUnextractable: CallAdvice("the key may not leave the token", nil),
    .keyNotWrappable: CallAdvice("the key cannot be wrapped", nil),
    .mechanismInvalid: CallAdvice("the token does not have this mechanism", askMechanisms),
    .mechanismParameterInvalid: CallAdvice("the token refused the parameters of the mechanism", askMechanisms),
    .objectHandleInvalid: CallAdvice("the object is not there any more", searchAgain),
    .operationActive: CallAdvice("the session is in the middle of another operation", "close it and open a new session"),
    .operationNotInitialized: CallAdvice("the session has no operation to go on with", "open a new session and start again"),
    .pinIncorrect: CallAdvice("the token refused the PIN", "do not try again by guess: after a few wrong PINs the token locks itself"),
    .pinInvalid: CallAdvice("the token does not take the characters of this PIN", "use the characters that the token's manual allows"),
    .pinLengthRange: CallAdvice("the PIN is too short or too long", "see the token's minimum and maximum PIN length"),
    .pinExpired: CallAdvice("the PIN has expired", "set a new PIN first"),
    .pinLocked: CallAdvice("the PIN is locked after too many wrong ones", "unlock it as security officer"),
    .pinTooWeak: CallAdvice("the token finds the PIN too weak", "choose a longer PIN"),
    .sessionClosed: CallAdvice("the session was closed during the call", renewSession),
    .sessionCount: CallAdvice("the token has no room for another session", "close sessions that are not needed, here or in other programs"),
    .sessionHandleInvalid: CallAdvice("the session is not open any more", renewSession),
    .sessionReadOnly: CallAdvice("the session is read-only", "open a read-write session"),
    .sessionExists: CallAdvice("a session with the token is open", "close every session first, in this program and in others"),
    .sessionReadOnlyExists: CallAdvice(
      "a read-only session is open, so the security officer cannot log in", "close read-only sessions first"),
    .signatureInvalid: CallAdvice("the signature does not belong to these data and this key", nil),
    .signatureLengthRange: CallAdvice("the signature does not have the length that the key gives", nil),
    .templateIncomplete: CallAdvice(
      "an attribute that the token needs is missing", "check the attributes, and that the token has the mechanism"),
    .templateInconsistent: CallAdvice("attributes contradict each other or what the token allows", "leave out what is not needed"),
    .tokenNotPresent: CallAdvice("there is no token in the slot", "insert or connect the token and try again"),
    .tokenNotRecognized: CallAdvice("the module does not know the token in the slot", "use the module that belongs to this token"),
    .tokenWriteProtected: CallAdvice("the token is write protected", nil),
    .userAlreadyLoggedIn: CallAdvice("the user is logged in already", nil),
    .userNotLoggedIn: CallAdvice("a login is needed", "log in first; a logout anywhere in the program ends the login of every session"),
    .userPINNotInitialized: CallAdvice("the user has no PIN yet", "log in as security officer and set the user PIN"),
    .userTypeInvalid: CallAdvice("the token does not know this kind of user", nil),
    .userAnotherAlreadyLoggedIn: CallAdvice("another kind of user is logged in", "log that user out first"),
    .domainParametersInvalid: CallAdvice("the token does not take these curve parameters", "use a named curve that the token has"),
    .curveNotSupported: CallAdvice("the token does not have this curve", "use another curve"),
    .cryptokiNotInitialized: CallAdvice("the module is not initialised", "open the module again; something in the process finalized it"),
    .functionRejected: CallAdvice("the token's own policy refused", "see the token's audit log"),
  ]
}
