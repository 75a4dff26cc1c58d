enum CertificateLifecyclePlaceholder {}
