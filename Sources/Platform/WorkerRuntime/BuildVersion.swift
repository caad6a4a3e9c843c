/// The version of this build, as the registry and `apus status` show it.
public enum BuildVersion {
    public static let current = "0.1.0"
}
