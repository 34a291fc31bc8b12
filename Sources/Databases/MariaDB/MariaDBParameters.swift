internal import CMariaDB

/// Values bound to a prepared statement's placeholders, natively typed; keeps their memory until it goes away.
struct MariaDBParameters: ~Copyable {
    private let binds: UnsafeMutableBufferPointer<MYSQL_BIND>
    private let storage: UnsafeMutableRawPointer

    /// Lays out `parameters`: eight bytes for each, then the bytes of texts and blobs.
    init(_ parameters: [Parameter]) {
        let heap = parameters.reduce(parameters.count * 8) { total, parameter in
            switch parameter {
            case .text(let text): total + text.utf8.count
            case .bytes(let bytes): total + bytes.count
            default: total
            }
        }
        storage = .allocate(byteCount: max(heap, 1), alignment: 8)
        binds = .allocate(capacity: parameters.count)
        binds.initialize(repeating: MYSQL_BIND())
        var variable = storage + parameters.count * 8
        for (index, parameter) in parameters.enumerated() {
            let slot = storage + index * 8
            binds[index].buffer = slot
            switch parameter {
            case .null: binds[index].buffer_type = MYSQL_TYPE_NULL
            case .bool(let value): set(index, slot, Int64(value ? 1 : 0))
            case .integer(let value): set(index, slot, value)
            case .double(let value):
                slot.storeBytes(of: value, as: Double.self)
                binds[index].buffer_type = MYSQL_TYPE_DOUBLE
            case .text(var text):
                text.withUTF8 { set(index, &variable, UnsafeRawBufferPointer($0), MYSQL_TYPE_STRING) }
            case .bytes(let bytes):
                bytes.withUnsafeBytes { set(index, &variable, $0, MYSQL_TYPE_LONG_BLOB) }
            }
        }
    }

    deinit {
        binds.deallocate()
        storage.deallocate()
    }

    /// Answers whether the library took them.
    func bind(to statement: UnsafeMutablePointer<MYSQL_STMT>) -> Bool {
        binds.isEmpty || mysql_stmt_bind_param(statement, binds.baseAddress) == 0
    }

    private func set(_ index: Int, _ slot: UnsafeMutableRawPointer, _ value: Int64) {
        slot.storeBytes(of: value, as: Int64.self)
        binds[index].buffer_type = MYSQL_TYPE_LONGLONG
    }

    private func set(
        _ index: Int, _ variable: inout UnsafeMutableRawPointer, _ bytes: UnsafeRawBufferPointer, _ type: enum_field_types
    ) {
        if let source = bytes.baseAddress { variable.copyMemory(from: source, byteCount: bytes.count) }
        binds[index].buffer = variable
        binds[index].buffer_type = type
        binds[index].buffer_length = UInt(bytes.count)
        // A null pointer here makes the library use `length_value`.
        binds[index].length_value = UInt(bytes.count)
        variable += bytes.count
    }
}
