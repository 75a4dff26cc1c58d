import Foundation
import Glibc

extension Backend {
  private static let module = "opencryptoki/libopencryptoki.so.0"

  /// openCryptoki's software token behind its daemon, in namespaces of its own.
  ///
  /// Its state belongs to the machine: folders of the system, shared memory, a daemon that puts itself into the background. So it runs
  /// where those folders are other ones, in memory, and where everything ends with the first process: nothing is left behind, whatever
  /// happens. Who is not root is so in there.
  public static let openCryptoki = Backend(
    name: "opencryptoki", title: "openCryptoki's software token", packages: ["opencryptoki"],
    whyAbsent: absence(libraries: [module], programs: ["pkcsslotd", "pkcsconf", "unshare"]) ?? namespaceRefusal()
  ) {
    let folder = try TemporaryFolder()
    // Both PINs must be changed before the token can be used, and none may have more than eight characters.
    let pinFile = try folder.write("1234567".utf8, to: "pin")
    let script = try folder.write(inNamespace.utf8, to: "in-namespace.sh")
    return RunningBackend(
      settings: ConformanceSettings(
        module: library(module) ?? "", token: "conformance", pinFile: pinFile, wrongPIN: "7654321", policy: "non-exportable-signing",
        waivers: [
          "KEY-NOT-COPYABLE": "openCryptoki does not know CKA_COPYABLE",
          "KEY-SIGN-ONLY": "openCryptoki signs with recovery by any key",
        ]),
      wrapper: ["unshare"] + namespaces + ["/bin/bash", script], resources: [folder])
  }

  private static let namespaces =
    (geteuid() == 0 ? [] : ["--user", "--map-root-user"]) + ["--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc"]

  /// Why there can be no namespaces, as in some containers.
  private static func namespaceRefusal() -> String? {
    let process = Process()
    process.executableURL = URL(filePath: program("unshare") ?? "")
    process.arguments = namespaces + ["true"]
    let output = Pipe()
    process.standardError = output
    guard (try? process.run()) != nil else { return "unshare does not start" }
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return process.terminationStatus == 0 ? nil : "namespaces are refused: \(said.trimmingCharacters(in: .whitespacesAndNewlines))"
  }

  private static let inNamespace = """
    set -euo pipefail
    # The first process of a namespace gets no signal that it does not ask for.
    trap 'exit 143' INT TERM HUP
    PATH=$PATH:/usr/sbin:/sbin
    mount -t tmpfs -o mode=755 tmpfs /run
    mount -t tmpfs -o mode=1777 tmpfs /dev/shm
    mount -t tmpfs -o mode=755 tmpfs /etc/opencryptoki
    mount -t tmpfs -o mode=770 tmpfs /var/lib/opencryptoki
    mkdir -p /run/lock/opencryptoki /var/lib/opencryptoki/swtok/TOK_OBJ
    chmod -R 770 /run/lock/opencryptoki /var/lib/opencryptoki
    # Its group is the only one that there is in a user namespace.
    sed 's/^pkcs11:.*/pkcs11:x:0:/' /etc/group >/run/group
    mount --bind /run/group /etc/group
    printf 'version opencryptoki-3.1\\nslot 0\\n{\\nstdll = libpkcs11_sw.so\\n}\\n' >/etc/opencryptoki/opencryptoki.conf
    {
      pkcsslotd
      echo conformance | pkcsconf -I -c 0 -S 87654321
      pkcsconf -P -c 0 -S 87654321 -n 12345678
      pkcsconf -u -c 0 -S 12345678 -n 123456
      pkcsconf -p -c 0 -U 123456 -n 1234567
    } >&2
    "$@"
    """
}
