import Glibc
import NIOCore
import NIOEmbedded
import Testing

@testable import Transport

@Suite struct LingerTests {
    @Test func itLooksForAMomentAndIsBegunOnce() {
        var linger = Linger()
        var looks = 0
        linger.begin { looks += 1 }
        linger.begin { looks += 1 }
        #expect(looks == 1)
        usleep(UInt32(Linger.nanoseconds / 1000) + 1)
        let goesOn = linger.goesOn(true)
        #expect(!goesOn)
        linger.begin { looks += 1 }
        #expect(looks == 2)
    }

    @Test func itEndsWhereItMayNotGoOnAndCanBeginAnew() {
        var linger = Linger()
        linger.begin {}
        let goesOn = linger.goesOn(false)
        #expect(!goesOn)
        var looks = 0
        linger.begin { looks += 1 }
        #expect(looks == 1)
    }

    /// The loop's rounds end: an idle connection costs nothing.
    @Test func aRequestKeepsTheLoopGoingRoundForAMomentOnly() throws {
        let connection = RPCConnection(responder: ToyService(), limits: TransportLimits(), peer: .stdio, number: 0) { _ in }
        let channel = EmbeddedChannel(handler: connection)
        channel.pipeline.fireChannelActive()
        for id in 1...3 {
            try channel.writeInbound(ByteBuffer(string: #"{"jsonrpc":"2.0","id":\#(id),"method":"echo","params":[]}"# + "\n"))
            channel.embeddedEventLoop.run()
            let reply = try #require(try channel.readOutbound(as: ByteBuffer.self))
            #expect(String(buffer: reply).contains(#""id":\#(id)"#))
        }
        _ = try channel.finish()
    }
}
