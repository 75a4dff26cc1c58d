internal import CCryptoki

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// Loads a module's code and finds its function table. It does not initialise it.
enum ModuleLoader {
  static let operation = "load the PKCS #11 module"

  /// - Throws: ``PKCS11Rule/moduleLoads`` with the loader's own words, or when the table is not one we know.
  static func load(_ path: String) throws(PKCS11Error) -> Cryptoki {
    // RTLD_LOCAL: the module's own copies of libraries must not answer for ours. The handle is kept for ever: unloading a module that
    // may have threads and exit handlers is not safe.
    guard let handle = unsafe dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
      throw refused(unsafe dlerror().map { unsafe String(cString: $0) } ?? "the loader gave no reason", hint: nil)
    }
    if let list = unsafe listFromGetInterface(handle, path) {
      return unsafe Cryptoki(path: path, functions: list, isFromGetInterface: true)
    }
    return unsafe Cryptoki(path: path, functions: try listFromGetFunctionList(handle, path), isFromGetInterface: false)
  }

  /// The default "PKCS 11" interface of a 3.x module (`C_GetInterface`); `nil` when there is none or it is not one we know. Modules
  /// exist whose `C_GetInterface` only fails, so any failure means: ask the old way.
  private static func listFromGetInterface(_ handle: UnsafeMutableRawPointer, _ path: String) -> UnsafePointer<CK_FUNCTION_LIST>? {
    guard let symbol = unsafe dlsym(handle, "C_GetInterface") else { return nil }
    guard let getInterface = unsafe unsafeBitCast(symbol, to: CK_C_GetInterface?.self) else { return nil }
    var found: UnsafeMutablePointer<CK_INTERFACE>?
    let answer = Cryptoki.answer(.C_GetInterface, of: path) {
      unsafe "PKCS 11".withCString(encodedAs: UTF8.self) { unsafe getInterface($0, nil, &found, 0) }
    }
    guard answer == .ok, let interface = unsafe found?.pointee, let table = unsafe interface.pFunctionList else { return nil }
    let list = unsafe table.assumingMemoryBound(to: CK_FUNCTION_LIST.self)
    return unsafe isKnown(list) ? list : nil
  }

  private static func listFromGetFunctionList(
    _ handle: UnsafeMutableRawPointer, _ path: String
  ) throws(PKCS11Error) -> UnsafePointer<CK_FUNCTION_LIST> {
    guard let symbol = unsafe dlsym(handle, "C_GetFunctionList"),
      let getFunctionList = unsafe unsafeBitCast(symbol, to: CK_C_GetFunctionList?.self)
    else { throw refused("\(path) has no C_GetFunctionList", hint: "it is a library, but not a PKCS #11 module") }
    var found: UnsafeMutablePointer<CK_FUNCTION_LIST>?
    let answer = Cryptoki.answer(.C_GetFunctionList, of: path) { unsafe getFunctionList(&found) }
    guard answer == .ok else {
      throw PKCS11Error(function: CryptokiFunction.C_GetFunctionList.name, returnValue: answer, token: nil, operation: operation)
    }
    guard let list = unsafe found, unsafe isKnown(list) else {
      throw refused("\(path) gave no function table of PKCS #11 2.x or 3.x", hint: nil)
    }
    return unsafe UnsafePointer(list)
  }

  /// Tables of 2.x and 3.x begin with the same 68 functions.
  private static func isKnown(_ list: UnsafePointer<CK_FUNCTION_LIST>) -> Bool {
    let major = unsafe list.pointee.version.major
    return major == 2 || major == 3
  }

  private static func refused(_ message: String, hint: String?) -> PKCS11Error {
    PKCS11Error(rule: .moduleLoads, operation: operation, message: message, hint: hint)
  }
}
