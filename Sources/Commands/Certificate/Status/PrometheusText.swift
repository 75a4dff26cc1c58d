import CertificateLifecycle
import Foundation

/// The same as metrics, in Prometheus' text format 0.0.4. Times are seconds since 1970.
struct PrometheusText {
  let text: String

  init(_ report: StatusReport) {
    let entries = report.certificates
    func metric(_ name: String, _ help: String, _ value: (StatusEntry) -> Double?) -> [String] {
      let samples = entries.compactMap { entry in value(entry).map { "\(name){\(Self.labels(entry))} \(Self.number($0))" } }
      return samples.isEmpty ? [] : ["# HELP \(name) \(help)", "# TYPE \(name) gauge"] + samples
    }
    var lines = metric("hsmkey_certificate_not_after_timestamp_seconds", "When the certificate in use expires.") {
      $0.certificate?.notAfter.timeIntervalSince1970
    }
    lines += metric("hsmkey_certificate_not_before_timestamp_seconds", "From when on the certificate in use is valid.") {
      $0.certificate?.notBefore.timeIntervalSince1970
    }
    lines += metric("hsmkey_certificate_renewal_window_opens_timestamp_seconds", "From when on it can be renewed.") {
      $0.windowOpens?.timeIntervalSince1970
    }
    lines += metric("hsmkey_certificate_renewal_due_timestamp_seconds", "From when on a timer renews it.") {
      $0.renewalDue?.timeIntervalSince1970
    }
    lines += metric("hsmkey_certificate_previous", "Earlier certificates that are not retired.") { Double($0.previousCount) }
    lines += metric("hsmkey_certificate_after_change_pending", "1 while the after-change program has not succeeded.") {
      $0.afterChangePending ? 1 : 0
    }
    lines += ["# HELP hsmkey_certificate_state The state that the certificate is in; 1.", "# TYPE hsmkey_certificate_state gauge"]
    lines += entries.map { "hsmkey_certificate_state{\(Self.labels($0)),state=\"\(Self.escaped($0.state))\"} 1" }
    lines += [
      "# HELP hsmkey_status_timestamp_seconds When this was found.", "# TYPE hsmkey_status_timestamp_seconds gauge",
      "hsmkey_status_timestamp_seconds \(Self.number(report.at.timeIntervalSince1970))",
    ]
    text = lines.joined(separator: "\n") + "\n"
  }

  private static func labels(_ entry: StatusEntry) -> String {
    [("name", entry.name), ("customer", entry.customerId), ("environment", entry.environment ?? "")]
      .map { "\($0.0)=\"\(escaped($0.1))\"" }.joined(separator: ",")
  }

  private static func escaped(_ text: String) -> String {
    // Few names have any of these.
    guard text.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\n") }) else {
      return text
    }
    return text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  private static func number(_ value: Double) -> String { String(Int64(value.rounded(.down))) }
}
