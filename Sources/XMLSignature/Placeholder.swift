enum XMLSignaturePlaceholder {}
