extension UInt8 {
    package var isDigit: Bool { (0x30...0x39).contains(self) }
    package var isASCIILetter: Bool { isASCIILowercase || (0x41...0x5A).contains(self) }
    package var isASCIILowercase: Bool { (0x61...0x7A).contains(self) }
    package var isHexDigit: Bool { isDigit || (0x61...0x66).contains(self) || (0x41...0x46).contains(self) }
}
