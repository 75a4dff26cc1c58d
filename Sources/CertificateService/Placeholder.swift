enum CertificateServicePlaceholder {}
