import Protocol
import Security

/// What narrowed tokens may call. Everything that is decided by the method alone is decided here, before its params are looked at.
extension TokenScope {
    /// Why a method may not be called; nil if it may.
    func refusal(_ method: Method) -> RPCError? {
        let rule = method.tokenRule
        if rule == .always { return nil }
        if rule.isOfAccount, methods == nil || !allows(method.name) {
            return .forbidden("A narrowed token manages no account unless its methods name \(method.name); log in for that.")
        }
        if rule == .renewal, !rates.isEmpty { return .forbidden("A token with a rate cannot be renewed; log in for that.") }
        guard allows(method.name) else {
            return .forbidden("The token does not allow \(method.name); auth.whoami says what it allows.")
        }
        guard !isReadOnly || !rule.isChange else {
            return .tokenReadsOnly
        }
        guard projectIDs == nil || !rule.isOfEverything else {
            return .forbidden("The token is for certain projects only; auth.whoami says for which.")
        }
        return nil
    }
}

/// What kind of method it is to a narrowed token.
enum TokenRule {
    /// Never refused.
    case always
    case read
    case change
    /// Of no project in particular.
    case readOfEverything, changeOfEverything
    /// Of the account and its sessions.
    case accountRead, accountChange
    /// The same, answering a new token.
    case renewal

    var isChange: Bool { [.change, .changeOfEverything, .accountChange, .renewal].contains(self) }
    var isOfEverything: Bool { self == .readOfEverything || self == .changeOfEverything }
    var isOfAccount: Bool { [.accountRead, .accountChange, .renewal].contains(self) }
}

extension Method {
    /// Whole on purpose: a new method does not compile before somebody has thought about it.
    var tokenRule: TokenRule {
        switch self {
        case .authWhoami, .authAttenuate, .authAttach, .authLogin, .authSignup, .cancelRequest, .exit, .initialize, .initialized,
            .rpcDiscover, .shutdown, .systemHealth, .systemLimits:
            .always
        case .authSessions: .accountRead
        case .authDeleteAccount, .authLogout, .authRevoke, .authUpdateProfile: .accountChange
        case .authChangePassword, .authRefresh: .renewal
        case .dashboardGet: .readOfEverything
        case .projectCreate, .chatDeleteExample: .changeOfEverything
        case .projectDelete, .projectUpdate, .queryForget, .chatApprove, .chatConfirm, .chatDecline, .chatDeleteThread,
            .chatRenameThread:
            .change
        // query.run, query.export and project.test look at their params themselves.
        case .chatCancel, .chatContext, .chatDoctor, .chatExamples, .chatHistory, .chatModels, .chatSend, .chatThreads,
            .projectGet,
            .projectList, .projectSummary, .projectTest, .queryCancel, .queryClose, .queryExplain, .queryExport, .queryFetch,
            .queryGet,
            .queryHistory, .queryRun, .queryRunning, .queryStats, .querySubscribe, .querySummarize, .queryUnsubscribe,
            .schemaDescribe, .schemaList, .schemaRefresh, .schemaRelations, .schemaSearch, .systemMetrics:
            .read
        }
    }
}
