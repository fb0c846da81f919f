use alloy_sol_types::sol;

sol! {
    /// One asset of the layer; its place in the list is its index. Index 0 is ETH with empty texts.
    #[derive(Debug, Default, PartialEq, Eq)]
    struct Asset {
        uint8 kind;
        address l2;
        uint8 decimals;
        string name;
        string symbol;
        uint256 total;
    }

    /// The predeploy that turns what the layer's accounts own into the exit tree.
    #[derive(Debug, PartialEq, Eq)]
    interface IExitSealer {
        event Frozen();
        event AssetAdded(uint32 indexed asset, uint8 kind, address l2, uint8 decimals, string name, string symbol);
        event Exit(uint32 indexed index, uint32 asset, address recipient, uint256 id, uint256 value);
        event Sealed(bytes32 indexed sealHash, bytes32 exitRoot, uint32 leafCount, uint8 depth, uint64 depositCount, bytes32 assetsHash);

        error NotSystem(address caller);
        error AlreadyFrozen();
        error NotFrozen();
        error AlreadySealed();
        error NotAscending(uint256 got, uint256 last);
        error AssetExists(address token, uint32 asset);
        error TooManyAssets(uint256 max);
        error TooManyLeaves();
        error NotCollection(uint32 asset);
        error GasTooLow(uint256 left, uint256 needed);
        error Unbalanced(uint256 sweptAndBurned, uint256 minted);

        function freeze() external;
        function sweepETH(address[] calldata holders) external;
        function addAsset721(address token) external returns (uint32 asset);
        function sweep721(uint32 asset, uint256[] calldata ids) external;
        function seal() external;

        function sealHash() external view returns (bytes32);
        function ethMinted() external view returns (uint256);
        function ethBurned() external view returns (uint256);
        function depositCount() external view returns (uint256);
        function frozen() external view returns (bool);
        function leafCount() external view returns (uint32);
        function assetsHash() external view returns (bytes32);
        function exitRoot() external view returns (bytes32);
        function depth() external view returns (uint8);
        function assets() external view returns (Asset[] memory);
        function assetCount() external view returns (uint256);
        function assetOf(address token) external view returns (uint32);
    }

    /// What a contract on the layer may answer when it owns something at the end.
    #[derive(Debug, PartialEq, Eq)]
    interface IExitRecipient {
        function exitRecipient(uint32 asset, uint256 id, uint256 value) external view returns (address);
    }
}
