extension Refusal {
    /// What this means for the person who set the model up.
    func error(for settings: ModelSettings, key: String?) -> ModelError {
        var error = classified(settings, hasKey: key != nil)
        error.status = status == 200 ? nil : status
        error.detail = detail(without: key)
        return error
    }

    private func classified(_ settings: ModelSettings, hasKey: Bool) -> ModelError {
        switch status {
        case 401, 403: return authentication(settings, hasKey: hasKey)
        case 404:
            return ModelError(
                .modelNotFound,
                "The server answers 404: it has no model \"\(settings.model)\", or \(settings.setting(.url)) is not its URL up to /v1."
            )
        case 413: return tooLong(settings)
        case 300..<400:
            return ModelError(
                .rejected, "The server sends requests elsewhere; set \(settings.setting(.url)) to the address it has moved to.")
        case 429: return limited(settings)
        case 408, 500..<600: return overloaded()
        default: break
        }
        if isAboutContext { return tooLong(settings) }
        switch (facts.type, facts.code) {
        case ("authentication_error", _), (_, "invalid_api_key"): return authentication(settings, hasKey: hasKey)
        case (_, "model_not_found"):
            return ModelError(
                .modelNotFound, "The server has no model \"\(settings.model)\"; set \(settings.setting(.model)) to one it has.")
        case ("rate_limit_error", _), (_, "rate_limit_exceeded"), ("insufficient_quota", _): return limited(settings)
        case ("overloaded_error", _), ("server_error", _): return overloaded()
        default: break
        }
        if status < 400 {
            return ModelError(
                .overloaded, "The model server reported an error in place of a reply; try again.", isRetryable: true)
        }
        if contains("tool") {
            return ModelError(
                .rejected, "The server refused a request with tools; set \(settings.setting(.toolStyle)) to json.")
        }
        return ModelError(
            .rejected,
            "The server refused the request with status \(status); check \(settings.setting(.url)) and \(settings.setting(.model))."
        )
    }

    private var isAboutContext: Bool {
        facts.type == "exceed_context_size_error" || facts.code == "context_length_exceeded"
            || contains("context length") || contains("context size") || contains("context window") || contains("context_length")
    }

    private func authentication(_ settings: ModelSettings, hasKey: Bool) -> ModelError {
        let advice = hasKey ? "write one that is good into the file of" : "name a file that holds it with"
        return ModelError(
            .authentication,
            "The server \(hasKey ? "does not accept the key" : "wants a key"); \(advice) \(settings.setting(.keyFile)).")
    }

    private func tooLong(_ settings: ModelSettings) -> ModelError {
        let window = facts.contextTokens ?? number(after: "maximum context length is ")
        let prompt = facts.promptTokens.map { "The request has \($0) tokens" } ?? "The request has too many tokens"
        guard let window else {
            return ModelError(
                .contextTooLong,
                "\(prompt) for the model; set \(settings.setting(.contextTokens)), now \(settings.contextTokens), to what it takes."
            )
        }
        return ModelError(
            .contextTooLong,
            "\(prompt) and the model takes \(window); set \(settings.setting(.contextTokens)), now \(settings.contextTokens), to \(window) at most."
        )
    }

    private func number(after words: String) -> Int? {
        let text = Array(facts.message.utf8)
        let words = Array(words.utf8)
        guard text.count > words.count else { return nil }
        for start in 0...(text.count - words.count) where text[start..<(start + words.count)].elementsEqual(words) {
            let digits = text[(start + words.count)...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            return digits.count < 10 ? Int(String(decoding: digits, as: UTF8.self)) : nil
        }
        return nil
    }

    private func limited(_ settings: ModelSettings) -> ModelError {
        if facts.type == "insufficient_quota" || facts.code == "insufficient_quota" {
            return ModelError(
                .rateLimited,
                "The account of this key has no credit left; renew it or use another key with \(settings.setting(.keyFile)).")
        }
        let time = retryAfterMs.map { "in \(($0 + 999) / 1000) s" } ?? "in a while"
        return ModelError(
            .rateLimited, "The server takes no more requests for now; try again \(time).", retryAfterMs: retryAfterMs,
            isRetryable: true)
    }

    private func overloaded() -> ModelError {
        ModelError(
            .overloaded, "The model server failed with status \(status); try again, and look at its log if that does not help.",
            retryAfterMs: retryAfterMs, isRetryable: status != 501)
    }
}
