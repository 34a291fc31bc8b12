/// Second stage: nodes to a ``Specification``, with everything that is outside the subset reported.
enum SpecChecker {
    /// The specification; it may be generated from only if `diagnostics` has stayed empty.
    static func check(_ parsed: ParsedSpec, _ diagnostics: Diagnostics) -> Specification {
        let tables = TablesChecker(diagnostics: diagnostics)
        let limits = parsed.limits.map(tables.limits) ?? []
        let specification = Specification(
            info: parsed.info.flatMap(tables.info) ?? Info(title: "", version: "", description: "", license: ""),
            types: parsed.types.map(TypesChecker(diagnostics: diagnostics).types) ?? [],
            errors: parsed.errors.map(tables.errors) ?? [],
            limits: limits,
            methods: parsed.methods.compactMap { MethodChecker(diagnostics: diagnostics).method($0.name, $0.node) })
        ReferenceChecker(specification: specification, diagnostics: diagnostics).check()
        NameChecker(specification: specification, diagnostics: diagnostics).check()
        ExampleChecker(specification: specification, diagnostics: diagnostics).check()
        return specification
    }
}
