import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

extension ModelError {
    /// What an error of the network's means.
    /// - Parameter hasBody: whether a part of the answer had come.
    init(transport error: any Error, _ settings: ModelSettings, hasBody: Bool) {
        switch error {
        case let error as ModelError: self = error
        case let error as NIOConnectionError: self = Self.unconnected(error, settings)
        case let error as HTTPClientError: self = Self.client(error, settings, hasBody: hasBody)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: self = Self.untrusted(settings)
        case let error as ChannelError where Self.isConnectTimeout(error): self = Self.late(settings)
        case is HTTPParserError:
            // The end of the connection within a chunk is one as well.
            self =
                hasBody
                ? AnswerReader.cut
                : ModelError(
                    .brokenReply, "What answers at this address does not speak HTTP; check \(settings.setting(.url)).")
        case let error as IOError where error.errnoCode == ECONNREFUSED: self = Self.refused(settings)
        default: self = Self.lost(hasBody: hasBody)
        }
    }

    private static func isConnectTimeout(_ error: any Error) -> Bool {
        if case .connectTimeout? = error as? ChannelError { true } else { false }
    }

    private static func unconnected(_ error: NIOConnectionError, _ settings: ModelSettings) -> ModelError {
        if error.connectionErrors.isEmpty, error.dnsAError != nil || error.dnsAAAAError != nil { return unknownHost(settings) }
        return error.connectionErrors.contains { isConnectTimeout($0.error) } ? late(settings) : refused(settings)
    }

    private static func client(_ error: HTTPClientError, _ settings: ModelSettings, hasBody: Bool) -> ModelError {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout: late(settings)
        case .tlsHandshakeTimeout: untrusted(settings)
        case .proxyAuthenticationRequired:
            ModelError(
                .refused,
                "The proxy wants another user or password; write \(settings.setting(.proxy)) as http://user:password@host:port.")
        case .httpProxyHandshakeTimeout, .socksHandshakeTimeout, .invalidProxyResponse, .invalidProxyConfiguration:
            ModelError(.refused, "The proxy did not let the request pass; check \(settings.setting(.proxy)).")
        case .cancelled, .alreadyShutdown, .deadlineExceeded: .cancelled
        case .invalidURL, .emptyHost, .emptyScheme:
            ModelError(.notConfigured, "\(settings.setting(.url)) is no URL that can be used; write http://host:port/v1.")
        default: lost(hasBody: hasBody)
        }
    }

    /// Who is connected to: the proxy where there is one.
    private static func peer(_ settings: ModelSettings) -> (what: String, setting: String) {
        settings.proxy == nil ? ("model server", settings.setting(.url)) : ("proxy", settings.setting(.proxy))
    }

    private static func unknownHost(_ settings: ModelSettings) -> ModelError {
        let (what, setting) = peer(settings)
        return ModelError(.hostNotFound, "The host of the \(what) is not known; correct it in \(setting).")
    }

    private static func refused(_ settings: ModelSettings) -> ModelError {
        let (what, setting) = peer(settings)
        return ModelError(.refused, "Nothing listens at the address of the \(what); start it, or correct \(setting).")
    }

    private static func late(_ settings: ModelSettings) -> ModelError {
        let (what, setting) = peer(settings)
        return ModelError(
            .connectTimeout,
            "The \(what) could not be reached within \(settings.connectTimeoutMs) ms; check \(setting), also whether https is right, and the network."
        )
    }

    private static func untrusted(_ settings: ModelSettings) -> ModelError {
        ModelError(
            .tlsFailed,
            "No trusted TLS connection to the model server; check that \(settings.setting(.url)) is right in https and host, or name its authority with \(settings.setting(.tlsCaFile))."
        )
    }

    private static func lost(hasBody: Bool) -> ModelError {
        hasBody
            ? AnswerReader.cut
            : ModelError(
                .brokenReply, "The model server closed the connection without an answer; look at its log.", isRetryable: true)
    }
}
