internal import CCryptoki
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// The modules of this process. A module may be initialised once in a process, so whoever opens the same file shares one entry.
final class ModuleRegistry: Sendable {
  static let shared = ModuleRegistry()

  private let entries = Mutex<[FileIdentity: ModuleEntry]>([:])

  /// The entry of a file, made when it is the first time.
  func entry(for identity: FileIdentity) throws(PKCS11Error) -> ModuleEntry {
    // Before any lock: another thread of the parent may have held it when this process came to be, and nobody would ever release it.
    if ForkWatch.depth > 0 { throw Cryptoki.forked(token: nil, operation: ModuleLoader.operation) }
    ForkWatch.begin()
    return entries.withLock { entries in
      if let entry = entries[identity] { return entry }
      let entry = ModuleEntry()
      entries[identity] = entry
      return entry
    }
  }

  /// Sees to it that no thread of a pool is inside a module while the process takes itself down: modules, and the libraries beneath them,
  /// have exit handlers that pull the ground away. Called after each initialisation, because handlers run in the reverse order.
  static func keepThreadsOutAtExit() {
    _ = atexit {
      let entries = ModuleRegistry.shared.entries.withLockIfAvailable { Array($0.values) } ?? []
      for entry in entries { entry.shut() }
    }
  }
}

/// Someone who uses a module: counted once, however often the module is initialised anew for it.
final class ModuleUser: Sendable {
  let entry: ModuleEntry
  let isFinalized = Atomic<Bool>(false)
  private let cryptoki: Cryptoki

  init(_ entry: ModuleEntry, _ cryptoki: Cryptoki) {
    self.entry = entry
    self.cryptoki = cryptoki
  }

  deinit {
    // Slots, tokens and sessions hold their module, so nothing of this one is in use here. C_Finalize is left to finalize(): it may block,
    // and other code may have come to rely on the initialisation.
    if !isFinalized.load(ordering: .relaxed), !cryptoki.isForked { try? entry.leave(finalizing: false) }
  }

  func finalize() throws(PKCS11Error) {
    guard !isFinalized.exchange(true, ordering: .acquiringAndReleasing) else { return }
    do {
      try entry.leave(finalizing: true)
    } catch {
      if error.rule == .moduleQuiet { isFinalized.store(false, ordering: .releasing) }
      throw error
    }
  }
}

/// One module file: its function table once loaded, who uses it, and whose initialisation it runs on.
final class ModuleEntry: Sendable {
  private let state = Mutex(State())

  private struct State {
    var cryptoki: Cryptoki?
    /// The file that was loaded, as it was then.
    var file: ModuleFile?
    var users = 0
    var initializationString: String?
    var initialization = Initialization.none
  }

  private enum Initialization {
    case none
    /// We called `C_Initialize`, so we call `C_Finalize`.
    case ours
    /// Other code in this process had called it; `C_Finalize` would take the module away from that code.
    case adopted
  }

  /// Loads and initialises the module unless that is done, and counts one more user.
  ///
  /// - Parameters:
  ///   - found: the file, by one of its paths. A file that was loaded keeps its identity for as long as the process lives, because it stays
  ///     mapped; one that could not be loaded may have come and gone.
  ///   - pin: what `found` was held against; what was loaded earlier is held against it as well.
  func enter(
    _ found: borrowing OpenModuleFile, _ pin: ModulePin, initializationString: String?
  ) throws(PKCS11Error) -> (Cryptoki, ModuleFile, ModuleInformation) {
    let path = found.file.path
    return try state.withLock { (state: inout State) throws(PKCS11Error) -> (Cryptoki, ModuleFile, ModuleInformation) in
      let cryptoki: Cryptoki
      let file: ModuleFile
      if let loaded = state.cryptoki, let loadedFile = state.file {
        try loadedFile.checkDigest(pin.sha256)
        (cryptoki, file) = (loaded, loadedFile)
      } else {
        cryptoki = try ModuleLoader.load(path)
        try found.checkUnchanged()
        file = found.file
        (state.cryptoki, state.file) = (cryptoki, file)
      }
      if state.initialization == .none {
        state.initialization = try Self.initialize(cryptoki, initializationString)
        state.initializationString = initializationString
      }
      guard initializationString == nil || initializationString == state.initializationString else {
        throw PKCS11Error(
          rule: .moduleParameters, operation: "initialise the module \(path)",
          message: "the module is open already, with another initialisation string",
          hint: "a module has one initialisation in a process; use the same string everywhere, or another process")
      }
      let information = try Self.information(&state, cryptoki)
      state.users += 1
      return (cryptoki, file, information)
    }
  }

  /// Lets no thread of a pool into the module any more.
  func shut() {
    let cryptoki = state.withLockIfAvailable { $0.cryptoki } ?? nil
    if let cryptoki, !cryptoki.isForked { cryptoki.gate.shut(patience: .seconds(1)) }
  }

  /// Counts one user less.
  ///
  /// - Parameter finalizing: the user asks for `C_Finalize`. It is called when nobody else uses the module and its initialisation was ours.
  func leave(finalizing: Bool) throws(PKCS11Error) {
    try state.withLock { (state: inout State) throws(PKCS11Error) -> Void in
      guard finalizing, state.users == 1, let cryptoki = state.cryptoki, state.initialization == .ours else {
        state.users -= 1
        if state.users == 0, finalizing { state.initialization = .none }
        return
      }
      guard let answer = Self.finalize(cryptoki, own: 0) else { throw Self.notQuiet() }
      state.users = 0
      state.initialization = .none
      guard answer == .ok || answer == .cryptokiNotInitialized else {
        throw cryptoki.failure(.C_Finalize, answer, token: nil, operation: "finalize the module")
      }
    }
  }

  /// Finalizes and initialises the module again, because it has lost its token: every session and handle is void afterwards.
  ///
  /// Finalizes nothing when that has happened since `generation`. The caller has entered the gate once.
  ///
  /// - Throws: ``PKCS11Rule/moduleInUse`` when other code relies on the initialisation, ``PKCS11Rule/moduleQuiet`` when a call is under
  ///   way.
  func reinitialize(since generation: UInt) throws(PKCS11Error) -> ModuleInformation {
    try state.withLock { (state: inout State) throws(PKCS11Error) -> ModuleInformation in
      // Whoever has a generation has a module that was loaded.
      guard let cryptoki = state.cryptoki else { throw Self.othersUseIt() }
      if cryptoki.generation.load(ordering: .relaxed) == generation {
        guard state.initialization == .ours, state.users == 1 else { throw Self.othersUseIt() }
        guard Self.finalize(cryptoki, own: 1) != nil else { throw Self.notQuiet() }
        state.initialization = .none
      }
      if state.initialization == .none { state.initialization = try Self.initialize(cryptoki, state.initializationString) }
      return try Self.information(&state, cryptoki)
    }
  }

  private static func othersUseIt() -> PKCS11Error {
    PKCS11Error(
      rule: .moduleInUse, operation: "initialise the module again",
      message: "other code of this process uses the module as well, and would lose its sessions",
      hint: "end the program and start it again")
  }

  /// Calls `C_Finalize` as soon as nothing else is under way in the module. Nil when something still is after a while.
  private static func finalize(_ cryptoki: Cryptoki, own: Int) -> ReturnValue? {
    cryptoki.gate.close(own: own, patience: .seconds(2)) {
      cryptoki.generation.wrappingAdd(1, ordering: .relaxed)
      return unsafe cryptoki.answer(.C_Finalize, cryptoki.functions.pointee.C_Finalize) { $0(nil) }
    }
  }

  private static func notQuiet() -> PKCS11Error {
    PKCS11Error(
      rule: .moduleQuiet, operation: "finalize the module", message: "a call into the module has not returned",
      hint: "the device hangs; end the process without running its exit handlers (_exit), and look after the device")
  }

  private static func initialize(_ cryptoki: Cryptoki, _ initializationString: String?) throws(PKCS11Error) -> Initialization {
    guard let initializationString else { return try unsafe initialize(cryptoki, reserved: nil) }
    var bytes = initializationString.utf8CString
    return try unsafe bytes.withUnsafeMutableBufferPointer { bytes throws(PKCS11Error) in
      try unsafe initialize(cryptoki, reserved: bytes.baseAddress)
    }
  }

  private static func initialize(_ cryptoki: Cryptoki, reserved: UnsafeMutablePointer<CChar>?) throws(PKCS11Error) -> Initialization {
    // Without CKF_OS_LOCKING_OK modules may assume one thread, and crash with two. Some modules read a longer structure than the
    // standard's (NSS has one more pointer), so what they may read is zero bytes of ours.
    let answer = unsafe withUnsafeTemporaryAllocation(byteCount: 128, alignment: 16) { memory in
      unsafe memory.initializeMemory(as: UInt8.self, repeating: 0)
      var arguments = unsafe CK_C_INITIALIZE_ARGS()
      unsafe arguments.flags = CKF_OS_LOCKING_OK
      unsafe arguments.pReserved = UnsafeMutableRawPointer(reserved)
      unsafe memory.storeBytes(of: arguments, as: CK_C_INITIALIZE_ARGS.self)
      return unsafe cryptoki.answer(.C_Initialize, cryptoki.functions.pointee.C_Initialize) { unsafe $0(memory.baseAddress) }
    }
    switch answer {
    case .ok:
      ModuleRegistry.keepThreadsOutAtExit()
      return .ours
    case .cryptokiAlreadyInitialized: return .adopted
    default: throw cryptoki.failure(.C_Initialize, answer, token: nil, operation: "initialise the module \(cryptoki.path)")
    }
  }

  /// What the module says of itself; initialised anew when other code in this process finalized it behind our back.
  private static func information(_ state: inout State, _ cryptoki: Cryptoki) throws(PKCS11Error) -> ModuleInformation {
    var information = CK_INFO()
    var answer = getInformation(cryptoki, &information)
    if answer == .cryptokiNotInitialized {
      // Everything that was open is gone.
      cryptoki.generation.wrappingAdd(1, ordering: .relaxed)
      state.initialization = .none
      state.initialization = try initialize(cryptoki, state.initializationString)
      answer = getInformation(cryptoki, &information)
    }
    guard answer == .ok else {
      throw cryptoki.failure(.C_GetInfo, answer, token: nil, operation: "ask the module for its information")
    }
    return ModuleInformation(information, cryptoki)
  }

  private static func getInformation(_ cryptoki: Cryptoki, _ information: inout CK_INFO) -> ReturnValue {
    unsafe cryptoki.answer(.C_GetInfo, cryptoki.functions.pointee.C_GetInfo) { unsafe $0(&information) }
  }
}
