import Assistant

/// Replies of models: read strictly, in time in proportion to their length.
enum StepTarget {
    static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let reply = FuzzTarget.text(bytes) else { return }
        _ = JSONStep.isBareCall(reply)
        do throws(ToolArgumentError) { _ = try JSONStep.parse(reply) } catch {
            precondition(!error.message.isEmpty, "a model is refused without a word")
        }
    }
}
