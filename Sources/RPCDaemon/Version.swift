/// The daemon's version, by semantic versioning; CHANGELOG.md has the same.
let daemonVersion = "0.1.0"
