/// Values in the form libpq takes them: text whose type the server infers, and bytes in binary.
struct PostgreSQLParameters {
    static let countMax = 65_535
    static let bytesMax = 256 << 20

    /// The values end to end, each followed by a NUL.
    private var storage: [CChar] = []
    private var offsets: [Int?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    static let none = PostgreSQLParameters()

    private init() {}

    init(_ parameters: [Parameter]) throws(DatabaseError) {
        guard parameters.count <= Self.countMax else {
            throw Self.invalid("A statement has at most \(Self.countMax) parameters; \(parameters.count) were given.")
        }
        for (index, parameter) in parameters.enumerated() {
            switch parameter {
            case .null: append(nil as String.UTF8View?)
            case .bool(let value): append((value ? "true" : "false").utf8)
            case .integer(let value): append(String(value).utf8)
            case .double(let value): append(Self.text(value).utf8)
            case .text(let value):
                guard !value.utf8.contains(0) else {
                    throw Self.invalid("Parameter \(index + 1) has a NUL character, which PostgreSQL text cannot hold.")
                }
                append(value.utf8)
            case .bytes(let value): append(value, format: 1)
            }
            guard storage.count <= Self.bytesMax else {
                throw Self.invalid("The parameters are longer than \(Self.bytesMax) bytes together.")
            }
        }
    }

    init(texts: [String]) {
        for text in texts { append(text.utf8) }
    }

    var count: Int { offsets.count }

    private mutating func append(_ bytes: (some Collection<UInt8>)?, format: Int32 = 0) {
        offsets.append(bytes == nil ? nil : storage.count)
        lengths.append(Int32(clamping: bytes?.count ?? 0))
        formats.append(format)
        guard let bytes else { return }
        storage.append(contentsOf: bytes.lazy.map { CChar(bitPattern: $0) })
        storage.append(0)
    }

    private static func text(_ value: Double) -> String {
        value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : value.description
    }

    private static func invalid(_ message: String) -> DatabaseError {
        DatabaseError(.invalidParameters, phase: .prepare, message)
    }

    /// Calls `body` with the arrays of libpq's `PQsendQueryPrepared`: values, lengths, formats.
    func withArrays<R>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> R
    ) -> R {
        guard count > 0 else { return body(nil, nil, nil) }
        return storage.withUnsafeBufferPointer { bytes in
            let empty: UnsafePointer<CChar>? = bytes.baseAddress
            let values = offsets.map { offset in offset.flatMap { place in empty.map { $0 + place } } }
            return values.withUnsafeBufferPointer { values in
                lengths.withUnsafeBufferPointer { lengths in
                    formats.withUnsafeBufferPointer { body(values.baseAddress, lengths.baseAddress, $0.baseAddress) }
                }
            }
        }
    }
}
