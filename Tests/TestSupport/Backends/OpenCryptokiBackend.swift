import Glibc

extension Backend {
  private static let module = "opencryptoki/libopencryptoki.so.0"

  /// openCryptoki's software token behind its daemon, in namespaces of its own.
  ///
  /// Its state belongs to the machine: folders of the system, shared memory, a daemon that puts itself into the background. So it runs
  /// where those folders are other ones, in memory, and where everything ends with the first process: nothing is left behind, whatever
  /// happens.
  public static let openCryptoki = Backend(
    name: "opencryptoki", title: "openCryptoki's software token", packages: ["opencryptoki"],
    whyAbsent: absence(libraries: [module], programs: ["pkcsslotd", "pkcsconf", "unshare"])
      ?? (geteuid() == 0 ? nil : "it wants root, for folders of the system in a mount namespace")
  ) {
    let folder = try TemporaryFolder()
    // Both PINs must be changed before the token can be used, and none may have more than eight characters.
    let pinFile = try folder.write("1234567".utf8, to: "pin")
    let script = try folder.write(inNamespace.utf8, to: "in-namespace.sh")
    return RunningBackend(
      settings: ConformanceSettings(module: library(module) ?? "", token: "conformance", pinFile: pinFile, wrongPIN: "7654321"),
      wrapper: ["unshare", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc", "/bin/bash", script],
      resources: [folder])
  }

  private static let inNamespace = """
    set -euo pipefail
    # The first process of a namespace gets no signal that it does not ask for.
    trap 'exit 143' INT TERM HUP
    PATH=$PATH:/usr/sbin:/sbin
    mount -t tmpfs -o mode=755 tmpfs /run
    mount -t tmpfs -o mode=1777 tmpfs /dev/shm
    mount -t tmpfs -o mode=755 tmpfs /etc/opencryptoki
    mount -t tmpfs -o mode=770,gid="$(getent group pkcs11 | cut -d: -f3)" tmpfs /var/lib/opencryptoki
    mkdir -p /run/lock/opencryptoki /var/lib/opencryptoki/swtok/TOK_OBJ
    chgrp -R pkcs11 /run/lock/opencryptoki /var/lib/opencryptoki
    chmod -R 770 /run/lock/opencryptoki /var/lib/opencryptoki
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
