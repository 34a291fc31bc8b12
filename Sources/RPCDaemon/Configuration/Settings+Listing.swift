import Security
import Synchronization

extension Settings {
    /// A line for each setting that is asked for: its name, its value without secrets, and where that came from. `places` are the values
    /// that follow from the environment where a setting has none.
    func listing(places: [String: String] = [:], where isWanted: (Value) -> Bool = { _ in true }) -> [String] {
        let redactor = Redactor()
        let wanted = values.filter(isWanted)
        let width = wanted.map(\.setting.name.count).max() ?? 0
        var lines = wanted.map { value in
            // A URL may have a password in it, whether it should or not.
            let shown = value.text.isEmpty ? places[value.setting.name] ?? "-" : redactor.redact(value.shown)
            return "\(value.setting.name.padded(to: width))  \(shown)  (\(value.origin))"
        }
        if Main.modelKey.withLock({ $0 != nil }) {
            lines.append("\("modelKey".padded(to: width))  \(Redactor.mark)  (DBASSIST_MODEL_KEY)")
        }
        return lines
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
