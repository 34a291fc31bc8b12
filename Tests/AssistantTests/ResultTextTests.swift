import Assistant
import Protocol
import Testing

@Suite struct ResultTextTests {
    private let columns = [ResultColumn(name: "id", type: "int8"), ResultColumn(name: "iban", type: "text", isMasked: true)]

    @Test func rowsAreLinesAndMaskedCellsAreHidden() {
        let result = ResultText(columns: columns, rows: JSONText(#"[[1,"DE1"],[2,null]]"#), totalRows: 2)
        #expect(result.text == "columns: id int8, iban [masked]\n[1,\"[masked]\"]\n[2,\"[masked]\"]\n2 rows, all shown.")
        #expect(result.shownRows == 2)
    }

    @Test func atMostTwoHundredRowsAreShown() {
        let rows = "[" + (0..<500).map { "[\($0),1]" }.joined(separator: ",") + "]"
        let result = ResultText(columns: columns, rows: JSONText(rows), totalRows: 54_000, rowsMax: 1_000)
        #expect(result.shownRows == 200)
        #expect(result.text.contains("200 of 54000 rows shown"))
        let three = ResultText(columns: columns, rows: JSONText(rows), totalRows: nil, rowsMax: 3)
        #expect(three.text.contains("3 of at least 500 rows shown"))
    }

    @Test func theTextNeverTakesMoreThanItMay() {
        let cell = String(repeating: "ä", count: 900)
        let rows = "[" + (0..<200).map { _ in "[\"\(cell)\",1]" }.joined(separator: ",") + "]"
        let wide = (0..<3_000).map { ResultColumn(name: "column \($0)", type: "text") }
        for bytes in [0, 100, 300, 5_000, 1 << 20] {
            #expect(
                ResultText(columns: columns, rows: JSONText(rows), totalRows: 200, bytesMax: bytes).text.utf8.count
                    <= min(bytes, 64 * 1024))
            #expect(
                ResultText(columns: wide, rows: JSONText("[]"), totalRows: 0, bytesMax: bytes).text.utf8.count
                    <= min(bytes, 64 * 1024))
        }
    }

    @Test func longCellsAreCutAndSaidToBe() throws {
        let cell = String(repeating: "ä\\n", count: 5_000)
        let result = ResultText(columns: columns, rows: JSONText("[[\"\(cell)\",1]]"), totalRows: 1)
        #expect(result.cutCells == 1)
        #expect(result.text.contains("[cut: 20002 bytes]") && result.text.hasSuffix("1 long cells were cut."))
        let row = result.text.split(separator: "\n")[1]
        try JSONText(String(row)).withUnsafeBytes { try JSONScanner.check($0) }
    }

    @Test func cellsWithoutAColumnAreNotShown() {
        let result = ResultText(columns: [], rows: JSONText(#"[["secret"]]"#), totalRows: 1)
        #expect(!result.text.contains("secret"))
    }

    @Test func namesOfColumnsStayOnTheLine() {
        let result = ResultText(
            columns: [ResultColumn(name: "a\nb", type: "x\ty")], rows: JSONText("[[{\n\"k\":1}]]"), totalRows: 1)
        #expect(result.text.split(separator: "\n").count == 3)
        #expect(result.text.hasPrefix("columns: a b x y\n"))
    }
}
