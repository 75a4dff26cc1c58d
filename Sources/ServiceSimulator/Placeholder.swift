enum ServiceSimulatorPlaceholder {}
