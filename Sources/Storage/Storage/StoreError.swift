/// What a store cannot do whatever the input.
public enum StoreError: Error, Equatable {
    /// The schema was never migrated: there is no `cluster_state` row.
    case clusterNotInitialised
    /// A stored value does not have its type's form; the name says which.
    case malformedRow(String)
    /// Others changed the same thing at every attempt; the name says what.
    case contended(String)
}
