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
        event AssetClosed(uint32 indexed asset, uint256 total);
        event AssetDropped(uint32 indexed asset, address l2, uint256 swept, uint256 supply, uint32 leafCount);
        event Exit(uint32 indexed index, uint32 asset, address recipient, uint256 id, uint256 value);
        event RecipientNamed(uint32 indexed index, address holder);
        event Sealed(bytes32 indexed sealHash, bytes32 exitRoot, uint32 leafCount, uint8 depth, uint64 depositCount, bytes32 assetsHash);

        error NotSystem(address caller);
        error AlreadyFrozen();
        error NotFrozen();
        error AlreadySealed();
        error NotAscending(uint256 got, uint256 last);
        error AssetExists(address token, uint32 asset);
        error TooManyAssets(uint256 max);
        error TooManyLeaves();
        error WrongKind(address token, uint8 kind);
        error AssetOpen(uint32 asset);
        error NotOpen(uint32 got, uint32 open);
        error LengthsDiffer(uint256 ids, uint256 holders);
        error NotListed(address token);
        error GasTooLow(uint256 left, uint256 needed);
        error Unbalanced(uint32 asset, uint256 swept, uint256 supply);

        function freeze() external;
        function sweepETH(address[] calldata holders) external;
        function addAsset20(address token) external returns (uint32 asset);
        function addAsset721(address token) external returns (uint32 asset);
        function addAssetBulk721(address token) external returns (uint32 asset);
        function addAsset1155(address token) external returns (uint32 asset);
        function sweep20(uint32 asset, address[] calldata holders) external;
        function sweep721(uint32 asset, uint256[] calldata ids) external;
        function sweep1155(uint32 asset, uint256[] calldata ids, address[] calldata holders) external;
        function closeAsset(uint32 asset) external returns (bool kept);
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
        function openAsset() external view returns (uint32);
    }

    /// The predeploy that mints what was deposited on the L1.
    #[derive(Debug, PartialEq, Eq)]
    interface IL2Bridge {
        function kindOf(address token) external view returns (uint8);
        function tokens() external view returns (address[] memory);
    }

    /// What a contract on the layer may answer when it owns something at the end.
    #[derive(Debug, PartialEq, Eq)]
    interface IExitRecipient {
        function exitRecipient(uint32 asset, uint256 id, uint256 value) external view returns (address);
    }
}
