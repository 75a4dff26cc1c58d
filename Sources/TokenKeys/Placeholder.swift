enum TokenKeysPlaceholder {}
