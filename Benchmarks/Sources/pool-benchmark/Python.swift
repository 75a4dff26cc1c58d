import BenchmarkSupport
import Foundation

/// The same signatures by python-pkcs11, for comparison; there is no target.
enum Python {
  static func measure(_ softHSM: ScratchSoftHSM, token: String, pin: String) {
    guard let path = ProcessInfo.processInfo.environment["HSMKEY_TEST_PYTHONPATH"] else {
      return line("python-pkcs11", ["not measured: HSMKEY_TEST_PYTHONPATH names no folder with it"])
    }
    let program = """
      import time, pkcs11
      from pkcs11 import Mechanism
      token = pkcs11.lib("\(softHSM.modulePath)").get_token(token_label="\(token)")
      with token.open(user_pin="\(pin)") as session:
        for label, mechanism, count in (("rsa", Mechanism.SHA256_RSA_PKCS, 1000), ("p256", Mechanism.ECDSA, 10000)):
          key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=label)
          data = b"\\x07" + bytes(31)
          key.sign(data, mechanism=mechanism)
          start = time.perf_counter()
          for _ in range(count): key.sign(data, mechanism=mechanism)
          print(label, round(count / (time.perf_counter() - start)), "/s", end="  ")
      """
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", program]
    process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONPATH": path]) { $1 }
    let output = Pipe()
    process.standardOutput = output
    do { try process.run() } catch { return line("python-pkcs11", ["could not be started: \(error)"]) }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    line("python-pkcs11, 1 thread", [process.terminationStatus == 0 ? text : "failed"])
  }
}
