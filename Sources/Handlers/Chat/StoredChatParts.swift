import Protocol

// The parts of a message as they stand in the store, read back. They were written by the encoders of the spec's types.

extension ChatStatement {
    init(stored reader: inout JSONReader) throws(JSONMismatch) {
        self.init(sql: "")
        try reader.enterObject()
        while let name = reader.nextMember() {
            switch name.text {
            case "sql": sql = try reader.string()
            case "queryId": queryId = try reader.string()
            case "resultId": resultId = try reader.string()
            case "columns":
                var items: [WireColumn] = []
                try reader.enterArray()
                while reader.nextElement() { items.append(try WireColumn(stored: &reader)) }
                columns = items
            case "rowCount": rowCount = try reader.int()
            case "truncated": truncated = try reader.bool()
            default: reader.slice()
            }
        }
    }
}

extension WireColumn {
    fileprivate init(stored reader: inout JSONReader) throws(JSONMismatch) {
        self.init(name: "", type: "", encoding: .string)
        try reader.enterObject()
        while let member = reader.nextMember() {
            switch member.text {
            case "name": name = try reader.string()
            case "type": type = try reader.string()
            case "encoding": encoding = WireEncoding(rawValue: try reader.string()) ?? .string
            default: reader.slice()
            }
        }
    }
}

extension ChatToolUse {
    init(stored reader: inout JSONReader) throws(JSONMismatch) {
        self.init(tool: "", outcome: .failed, summary: "", durationMs: 0)
        try reader.enterObject()
        while let name = reader.nextMember() {
            switch name.text {
            case "tool": tool = try reader.string()
            case "outcome": outcome = ChatToolOutcome(rawValue: try reader.string()) ?? .failed
            case "summary": summary = try reader.string()
            case "sqlHash": sqlHash = try reader.string()
            case "queryId": queryId = try reader.string()
            case "errorCode": errorCode = try reader.string()
            case "durationMs": durationMs = try reader.double()
            default: reader.slice()
            }
        }
    }
}

extension ChatUsage {
    init(stored reader: inout JSONReader) throws(JSONMismatch) {
        self.init(
            promptTokens: 0, completionTokens: 0, estimated: false, steps: 0, toolCalls: 0, corrections: 0, durationMs: 0)
        try reader.enterObject()
        while let name = reader.nextMember() {
            switch name.text {
            case "promptTokens": promptTokens = try reader.int()
            case "completionTokens": completionTokens = try reader.int()
            case "estimated": estimated = try reader.bool()
            case "steps": steps = try reader.int()
            case "toolCalls": toolCalls = try reader.int()
            case "corrections": corrections = try reader.int()
            case "durationMs": durationMs = try reader.double()
            default: reader.slice()
            }
        }
    }
}

extension JSONReader {
    /// An integer that fits our own.
    fileprivate mutating func int() throws(JSONMismatch) -> Int { Int(try integer()) }
}
