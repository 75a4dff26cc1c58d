import Foundation

/// Lets libFuzzer try inputs on the target that `HSMKEY_FUZZ_TARGET` names; see `scripts/fuzz-transcript`. It is compiled into the module
/// `KeyCeremony` itself, so that the reader is instrumented.
private let target = TranscriptFuzzTarget(rawValue: ProcessInfo.processInfo.environment["HSMKEY_FUZZ_TARGET"] ?? "") ?? .bytes

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  if let finding = target.finding(in: input) { fatalError(finding) }
  return 0
}

/// Takes the place of the plan, which needs the rooms below: a transcript's reader only asks how long one may be.
enum CeremonyPlan {
  static let maximumSize = 256 << 10
}
