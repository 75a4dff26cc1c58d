import Foundation

/// Lets libFuzzer try inputs on the target that `HSMKEY_FUZZ_TARGET` names; see `scripts/fuzz-revocation`. It is compiled into the module
/// `CertificateService` itself, so that the parser is instrumented.
private let target = FuzzTarget(rawValue: ProcessInfo.processInfo.environment["HSMKEY_FUZZ_TARGET"] ?? "") ?? .list

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  if let finding = target.finding(in: input) { fatalError(finding) }
  return 0
}
