enum HTTPSTransportPlaceholder {}
